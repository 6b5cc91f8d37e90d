"""Flow control over HTTP: what destinations see of it, and what operators do."""

from __future__ import annotations

import asyncio
import time

import httpx2
import pytest
from qstash import AsyncQStash
from qstash.errors import QStashError
from qstash.message import BatchJsonRequest

from app.qstash_dev.options import QStashOptions
from app.qstash_dev.server import LocalQStash, local_qstash
from tests.qstash_dev.calls import by_hand, official_client
from tests.qstash_dev.destination import Destination


async def publish_many(
    client: AsyncQStash, url: str, number: int, key: str, **limits: int | str
) -> None:
    request: BatchJsonRequest = {
        "url": url,
        "body": {},
        "retries": 0,
        "flow_control": {"key": key, **limits},  # type: ignore[typeddict-item]  # by their names
    }
    await client.message.batch_json([request] * number)


async def test_never_more_are_under_way_than_the_parallelism_of_each_key(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    limits = {"/one": 1, "/three": 3, "/ten": 10}
    for path, parallelism in limits.items():
        destination.opens[path] = asyncio.Event()
        key = f"key{path}".replace("/", ".")
        await publish_many(client, destination.url + path, 40, key, parallelism=parallelism)
    for path, parallelism in limits.items():
        await destination.came(parallelism, path)
        destination.opens[path].set()
    destination.takes = 0.002
    await qstash.settled()
    assert destination.most == limits
    assert len(destination.arrived) == 120


async def test_a_key_counts_whatever_the_url(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    opens = destination.opens["/a"] = destination.opens["/b"] = asyncio.Event()
    await publish_many(client, f"{destination.url}/a", 5, "shared", parallelism=3)
    await publish_many(client, f"{destination.url}/b", 5, "shared", parallelism=3)
    await destination.came(3)
    info = await client.flow_control.get("shared")
    assert (info.parallelism_count, info.parallelism_max, info.wait_list_size) == (3, 3, 7)
    opens.set()
    await qstash.settled()
    assert len(destination.arrived) == 10


async def test_a_rate_holds_for_retries_too(destination: Destination) -> None:
    destination.answers["/down"] = [(500, {})]
    async with (
        local_qstash(QStashOptions(speed=100)) as qstash,
        official_client(qstash) as client,
    ):
        began = time.monotonic()
        for _ in range(3):
            await client.message.publish(
                url=f"{destination.url}/down",
                retries=2,
                retry_delay="0",
                flow_control={"key": "slow", "rate": 2, "period": "10s"},
            )
        await qstash.settled()
        # Nine deliveries, two in each 0.1 s: the last of them begins after four of these.
        assert time.monotonic() - began >= 0.4
        assert len(destination.arrived) == 9


async def test_a_rate_is_told_with_the_beginning_of_its_period(
    client: AsyncQStash, destination: Destination, qstash: LocalQStash
) -> None:
    before = int(time.time())
    await publish_many(client, destination.url, 5, "hourly", rate=2, period="1d")
    await destination.came(2)
    info = await client.flow_control.get("hourly")
    assert (info.rate_count, info.rate_max, info.rate_period) == (2, 2, 86_400)
    assert before <= info.rate_period_start <= time.time()
    assert info.wait_list_size == 3
    await client.flow_control.reset_rate("hourly")
    await destination.came(4)
    assert (await client.flow_control.get("hourly")).wait_list_size == 1


async def test_a_paused_key_keeps_what_comes_until_it_is_resumed(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    await client.flow_control.pause("family.execute")
    await publish_many(client, destination.url, 3, "family.execute", parallelism=2)
    await client.message.publish(url=f"{destination.url}/other")
    await destination.came(1, "/other")
    info = await client.flow_control.get("family.execute")
    assert (info.is_paused, info.wait_list_size, info.parallelism_count) == (True, 3, 0)
    await client.flow_control.resume("family.execute")
    await qstash.settled()
    assert not (await client.flow_control.get("family.execute")).is_paused
    assert len(destination.arrived) == 4


async def test_a_pin_overrides_what_messages_say_until_it_is_taken_out(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    destination.takes = 0.005
    await client.flow_control.pin("k", {"parallelism": 2, "rate": 1_000, "period": 60})
    await publish_many(client, f"{destination.url}/pinned", 20, "k", parallelism=9)
    info = await client.flow_control.get("k")
    assert (info.is_pinned_parallelism, info.is_pinned_rate) == (True, True)
    assert (info.parallelism_max, info.rate_max, info.rate_period) == (2, 1_000, 60)
    await qstash.settled()
    assert destination.most["/pinned"] == 2
    await client.flow_control.unpin("k", {"parallelism": True, "rate": True})
    info = await client.flow_control.get("k")
    assert (info.is_pinned_parallelism, info.is_pinned_rate) == (False, False)
    assert info.parallelism_max == 2
    opens = destination.opens["/free"] = asyncio.Event()
    await publish_many(client, f"{destination.url}/free", 20, "k", parallelism=9)
    await destination.came(9, "/free")
    opens.set()
    await qstash.settled()
    assert destination.most["/free"] == 9


async def test_a_raised_pin_lets_those_that_wait_go_at_once(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    opens = destination.opens["/held"] = asyncio.Event()
    await publish_many(client, f"{destination.url}/held", 10, "k", parallelism=1)
    await destination.came(1)
    await client.flow_control.pin("k", {"parallelism": 6})
    await destination.came(6)
    assert (await client.flow_control.get("k")).parallelism_count == 6
    opens.set()
    await qstash.settled()


@pytest.mark.parametrize(
    "query",
    [
        "",
        "parallelism=0",
        "rate=-1",
        "period=60",
        "rate=1&period=0",
        "rate=1&period=9999999",
        "rate=x",
    ],
)
async def test_a_pin_that_is_none_is_refused(query: str, caller: httpx2.AsyncClient) -> None:
    answer = await caller.post(f"/v2/flowControl/never/pin?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]
    assert (await caller.get("/v2/flowControl/never")).status_code == 404


async def test_keys_are_listed_and_one_that_nobody_named_is_not_there(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    for key in ("b", "a"):
        await publish_many(client, destination.url, 1, key, parallelism=1)
    await qstash.settled()
    async with by_hand(qstash) as caller:
        keys = (await caller.get("/v2/flowControl")).json()
    assert [key["flowControlKey"] for key in keys] == ["a", "b"]
    with pytest.raises(QStashError, match="404"):
        await client.flow_control.get("c")


async def test_the_server_as_a_whole_has_a_limit_that_no_key_lifts(
    destination: Destination,
) -> None:
    opens = destination.opens["/x"] = asyncio.Event()
    async with (
        local_qstash(QStashOptions(at_once=4)) as qstash,
        official_client(qstash) as client,
    ):
        for key in ("a", "b", "c"):
            await publish_many(client, f"{destination.url}/x", 20, key, parallelism=10)
        await destination.came(4)
        info = await client.flow_control.get_global_parallelism()
        assert (info.parallelism_max, info.parallelism_count) == (4, 4)
        opens.set()
        await qstash.settled()
    assert destination.most["/x"] == 4
    assert len(destination.arrived) == 60
