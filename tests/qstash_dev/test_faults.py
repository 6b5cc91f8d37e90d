"""What tests may ask to go wrong, and that it does."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

import pytest
from qstash import AsyncQStash
from qstash.errors import QStashError
from qstash.message import BatchRequest

from app.qstash_dev.delivery.faults import Faults
from app.qstash_dev.options import QStashOptions
from app.qstash_dev.server import LocalQStash, local_qstash
from tests.qstash_dev.calls import by_hand, official_client
from tests.qstash_dev.destination import Destination

NUMBER = 100


def requests(destination: Destination) -> list[BatchRequest]:
    return [
        {
            "url": f"{destination.url}/x",
            "body": str(n),
            "deduplication_id": f"item-{n}",
            "flow_control": {"key": "k", "parallelism": 5},
        }
        for n in range(NUMBER)
    ]


async def delivered(faults: Faults, destination: Destination) -> Counter[int]:
    """How often each message came."""
    destination.arrived.clear()
    async with (
        local_qstash(QStashOptions(speed=1_000), faults) as qstash,
        official_client(qstash) as client,
    ):
        await client.message.batch(requests(destination))
        await qstash.settled()
        assert not len(qstash.parts.dead_letters)
    assert destination.most["/x"] <= 5
    return Counter(int(arrival.body) for arrival in destination.arrived)


async def test_without_faults_each_message_comes_once(destination: Destination) -> None:
    faults = Faults()
    assert await delivered(faults, destination) == Counter(range(NUMBER))
    assert not faults.counted


async def test_deliveries_are_repeated(destination: Destination) -> None:
    faults = Faults(seed=1, repeat=0.3, longest=0.01)
    came = await delivered(faults, destination)
    assert set(came) == set(range(NUMBER))
    assert came.total() - NUMBER == faults.counted["repeat"] > 15
    # As the wire has it: it is the same message, and no retry.
    assert {arrival.retried for arrival in destination.arrived} == {0}
    assert len({arrival.message_id for arrival in destination.arrived}) == NUMBER


async def test_answers_are_lost_and_their_messages_come_again(destination: Destination) -> None:
    faults = Faults(seed=2, lose_answer=0.3)
    came = await delivered(faults, destination)
    assert set(came) == set(range(NUMBER))
    assert came.total() - NUMBER == faults.counted["lose_answer"] > 15


async def test_messages_vanish(destination: Destination) -> None:
    faults = Faults(seed=3, vanish=0.3)
    came = await delivered(faults, destination)
    assert NUMBER - len(came) == faults.counted["vanish"] > 15


async def test_deliveries_come_late_and_in_another_order(destination: Destination) -> None:
    faults = Faults(seed=4, delay=0.5, longest=0.05, reorder=0.5)
    assert await delivered(faults, destination) == Counter(range(NUMBER))
    assert faults.counted["delay"] > 30
    assert faults.counted["reorder"] > 30
    order = [int(arrival.body) for arrival in destination.arrived]
    assert order != sorted(order)


async def test_the_same_seed_has_the_same_messages_fail(destination: Destination) -> None:
    once = await delivered(Faults(seed=5, repeat=0.2, lose_answer=0.2, vanish=0.1), destination)
    again = await delivered(Faults(seed=5, repeat=0.2, lose_answer=0.2, vanish=0.1), destination)
    other = await delivered(Faults(seed=6, repeat=0.2, lose_answer=0.2, vanish=0.1), destination)
    assert once == again != other


async def test_the_api_is_away_for_as_long_as_one_says(destination: Destination) -> None:
    faults = Faults(away=503)
    async with local_qstash(faults=faults) as qstash, official_client(qstash) as client:
        with pytest.raises(QStashError, match="503"):
            await client.message.publish(url=destination.url)
        faults.away = 429
        with pytest.raises(QStashError):
            await client.message.publish(url=destination.url)
        faults.away = None
        await client.message.publish(url=destination.url)
        await qstash.settled()
    assert faults.counted["away"] == 2
    assert len(destination.arrived) == 1


async def test_messages_of_a_batch_are_refused_now_and_accepted_another_time(
    destination: Destination,
) -> None:
    faults = Faults(seed=7, refuse_in_batch=0.5)
    left = [
        {
            "destination": f"{destination.url}/x",
            "body": str(n),
            "headers": {"Upstash-Deduplication-Id": f"item-{n}"},
        }
        for n in range(NUMBER)
    ]
    calls = 0
    async with local_qstash(faults=faults) as qstash, by_hand(qstash) as caller:
        while left:
            answers = (await caller.post("/v2/batch", json=left)).json()
            assert len(answers) == len(left)
            left = [one for one, answer in zip(left, answers, strict=True) if "error" in answer]
            calls += 1
        await qstash.settled()
    assert calls > 2
    assert sorted(int(one.body) for one in destination.arrived) == list(range(NUMBER))


async def test_an_acknowledgement_is_lost_and_the_next_try_is_a_duplicate(
    destination: Destination,
) -> None:
    faults = Faults(seed=8, lose_acknowledgement=0.7)
    async with local_qstash(faults=faults) as qstash, official_client(qstash) as client:
        for n in range(30):
            await until_acknowledged(client, f"{destination.url}/x", n)
        await qstash.settled()
    assert faults.counted["lose_acknowledgement"] > 5
    assert sorted(int(one.body) for one in destination.arrived) == list(range(30))


async def until_acknowledged(client: AsyncQStash, url: str, number: int) -> None:
    told = False
    while not told:
        with suppress(QStashError):
            await client.message.publish(
                url=url, body=str(number), deduplication_id=f"item-{number}"
            )
            told = True


async def test_a_server_that_stops_delivers_nothing_more(destination: Destination) -> None:
    qstash: LocalQStash
    async with local_qstash() as qstash, official_client(qstash) as client:
        await client.message.publish(url=destination.url, delay="1s")
        await client.schedule.create(destination=destination.url, cron="* * * * *")
        [waiting] = qstash.parts.dispatcher.messages.values()
    assert waiting.waits_for is not None
    assert waiting.waits_for.cancelled()
    assert [one.timer for one in qstash.parts.schedules.all() if one.timer]
    assert all(one.timer.cancelled() for one in qstash.parts.schedules.all() if one.timer)
