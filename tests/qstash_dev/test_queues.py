"""Queues: first in, first out, and one after the other."""

from __future__ import annotations

import asyncio

import pytest
from qstash import AsyncQStash
from qstash.errors import QStashError

from app.qstash_dev.server import LocalQStash
from tests.qstash_dev.calls import by_hand, id_of
from tests.qstash_dev.destination import Destination


async def test_messages_come_in_the_order_in_which_they_were_sent(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    for n in range(30):
        await client.message.enqueue(queue="q", url=f"{destination.url}/q", body=str(n))
    await qstash.settled()
    assert [int(arrival.body) for arrival in destination.arrived] == list(range(30))
    assert destination.most["/q"] == 1


async def test_the_next_one_waits_for_the_retries_and_the_callbacks_of_the_one_before(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    destination.answers["/first"] = [(500, {}), (500, {})]
    destination.answers["/failed"] = [(500, {}), (200, {})]
    await client.message.enqueue(
        queue="q",
        url=f"{destination.url}/first",
        retries=1,
        failure_callback=f"{destination.url}/failed",
    )
    await client.message.enqueue(queue="q", url=f"{destination.url}/second")
    await qstash.settled()
    paths = [arrival.path for arrival in destination.arrived]
    assert paths == ["/first", "/first", "/failed", "/failed", "/second"]


async def test_a_queue_has_as_many_under_way_as_its_parallelism(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    opens = destination.opens["/q"] = asyncio.Event()
    await client.queue.upsert("q", parallelism=2)
    for _ in range(6):
        await client.message.enqueue(queue="q", url=f"{destination.url}/q")
    await destination.came(2)
    queue = await client.queue.get("q")
    assert (queue.lag, queue.parallelism, queue.paused) == (6, 2, False)
    await client.queue.upsert("q", parallelism=4)
    await destination.came(4)
    opens.set()
    await qstash.settled()
    assert destination.most["/q"] == 4


async def test_a_paused_queue_keeps_what_comes(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    await client.queue.pause("q")
    await client.message.enqueue(queue="q", url=f"{destination.url}/q")
    await client.message.publish(url=f"{destination.url}/besides")
    await destination.came(1, "/besides")
    assert (await client.queue.get("q")).lag == 1
    await client.queue.resume("q")
    await qstash.settled()
    assert len(destination.at("/q")) == 1


async def test_a_message_that_is_cancelled_in_its_queue_makes_room(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    opens = destination.opens["/q"] = asyncio.Event()
    answers = [
        await client.message.enqueue(queue="q", url=f"{destination.url}/q", body=str(n))
        for n in range(3)
    ]
    await destination.came(1)
    await client.message.cancel(id_of(answers[1]))
    opens.set()
    await qstash.settled()
    assert [arrival.body for arrival in destination.arrived] == [b"0", b"2"]


async def test_what_waits_in_a_queue_that_is_removed_is_cancelled(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    await client.queue.upsert("q", paused=True)
    await client.message.enqueue(queue="q", url=f"{destination.url}/q")
    await client.queue.delete("q")
    await qstash.settled()
    assert destination.arrived == []
    with pytest.raises(QStashError, match="404"):
        await client.queue.get("q")


async def test_a_message_of_a_queue_keeps_to_its_flow_control_key_too(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    opens = destination.opens["/q"] = asyncio.Event()
    await client.queue.upsert("q", parallelism=10)
    headers = {"Upstash-Flow-Control-Key": "k", "Upstash-Flow-Control-Value": "parallelism=3"}
    message = {"destination": f"{destination.url}/q", "queue": "q", "headers": headers}
    async with by_hand(qstash) as caller:
        await caller.post("/v2/batch", json=[message] * 8)
    await destination.came(3)
    info = await client.flow_control.get("k")
    assert (info.parallelism_count, info.wait_list_size) == (3, 5)
    opens.set()
    await qstash.settled()
    assert destination.most["/q"] == 3


@pytest.mark.parametrize("parallelism", [0, -1, 100_000])
async def test_a_parallelism_that_no_queue_has_is_refused(
    parallelism: int, client: AsyncQStash
) -> None:
    with pytest.raises(QStashError, match="412"):
        await client.queue.upsert("q", parallelism=parallelism)
