"""``sluice qstash status`` and ``dlq retry``: what QStash has of the service, and no other's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.cli.qstash.account import SCHEDULE
from app.workflows.keys import Layer, flow_key
from app.workflows.registry.discovery import discover_families
from tests.cli.qstash.conftest import Asked
from tests.qstash_dev.calls import official_client
from tests.qstash_dev.destination import Destination, a_destination

FAMILY = next(iter(discover_families().values()))
KEY = FAMILY.flow.of(Layer.EXECUTE).key or flow_key(FAMILY.name, Layer.EXECUTE)


@asynccontextmanager
async def served(asked: Asked) -> AsyncIterator[Destination]:
    """A service, at which every call of ``/down`` fails."""
    async with a_destination() as destination:
        asked.env["APP_URL"] = destination.url
        destination.answers["/down"] = [(500, {})]
        try:
            yield destination
        finally:
            for opens in destination.opens.values():
                opens.set()


async def die(asked: Asked, url: str, number: int = 1, **more: str) -> None:
    """So many messages become dead letters."""
    async with official_client(asked.qstash) as client:
        for n in range(number):
            await client.message.publish_json(
                url=url, body=n, retries=0, label=more.get("label", f"welcome.run_{n}")
            )
        await asked.qstash.settled()


async def test_it_says_what_there_is_when_there_is_nothing(asked: Asked) -> None:
    told = await asked.says("status")
    assert "QStash knows no flow key of this service yet" in told
    assert "sluice qstash setup" in told
    assert "No dead letters." in told


async def test_it_shows_what_waits_and_runs_the_schedule_and_the_dead(asked: Asked) -> None:
    async with served(asked) as destination:
        destination.opens["/x"] = asyncio.Event()
        async with official_client(asked.qstash) as client:
            for n in range(4):
                await client.message.publish_json(
                    url=f"{destination.url}/x",
                    body=n,
                    flow_control={"key": KEY, "parallelism": 1, "rate": 30, "period": "1m"},
                )
            await client.flow_control.pin("another.execute", {"parallelism": 1})
            await destination.came(1)
            await client.flow_control.pause(KEY)
        await asked.says("setup")
        told = json.loads(await asked.says("status", "--json"))
        assert told["flowControl"] == [
            {
                "key": KEY, "waiting": 3, "active": 1, "parallelism": 1, "started": 1, "rate": 30,
                "periodSeconds": 60, "paused": True, "pinned": False,
            }
        ]  # fmt: skip
        [schedule] = told["schedules"]
        assert (schedule["id"], schedule["paused"]) == (SCHEDULE, False)
        assert schedule["destination"] == f"{destination.url}/api/qstash/tick"
        shown = await asked.says("status")
        assert "another.execute" not in shown
        rows = map(str.split, shown.splitlines())
        [row] = [row for row in rows if row[:1] == [KEY]]
        assert row == [KEY, "3", "1", "of", "1", "1", "of", "30", "in", "60", "s", "paused"]
        async with official_client(asked.qstash) as client:
            await client.flow_control.resume(KEY)
        destination.opens["/x"].set()
        await destination.came(4, "/x")


async def test_the_dead_are_counted_page_by_page_and_the_newest_shown(asked: Asked) -> None:
    async with served(asked) as destination, a_destination() as other:
        other.answers["/x"] = [(500, {})]
        await die(asked, f"{other.url}/x", label="not-ours")
        await die(asked, f"{destination.url}/down", 120)
        told = json.loads(await asked.says("status", "--json"))["deadLetters"]
        assert (told["count"], told["more"]) == (120, False)
        assert [one["label"] for one in told["newest"]] == [
            f"welcome.run_{n}" for n in range(119, 109, -1)
        ]
        assert {one["status"] for one in told["newest"]} == {500}
        shown = await asked.says("status")
        assert "120 dead letters, the newest 10:" in shown
        assert "not-ours" not in shown


async def test_all_dead_letters_of_the_service_are_retried_but_those_of_ticks(
    asked: Asked,
) -> None:
    async with served(asked) as destination, a_destination() as other:
        other.answers["/x"] = [(500, {})]
        await die(asked, f"{other.url}/x")
        await die(asked, f"{destination.url}/down", 120)
        destination.answers["/api/qstash/tick"] = [(500, {})]
        await asked.says("setup")
        asked.qstash.parts.schedules._due(asked.qstash.parts.schedules.find(SCHEDULE))
        await destination.came(1, "/api/qstash/tick")
        asked.qstash.parts.schedules.remove(SCHEDULE)
        await asked.qstash.settled()
        ticks = len(destination.at("/api/qstash/tick"))
        destination.answers["/down"] = [(200, {})]
        assert await asked.says("dlq", "retry", "--all") == "Retried 120 dead letters.\n"
        await asked.qstash.settled()
        assert len(destination.at("/down")) == 240
        assert len(asked.qstash.parts.dead_letters) == 1 + ticks
        assert await asked.says("dlq", "retry", "--all") == (
            "There are no dead letters of this service to retry.\n"
        )


async def test_those_that_are_named_are_retried_and_one_that_is_not_ours_stops_it(
    asked: Asked,
) -> None:
    async with served(asked) as destination, a_destination() as other:
        other.answers["/x"] = [(500, {})]
        await die(asked, f"{destination.url}/down", 3)
        newest = json.loads(await asked.says("status", "--json"))["deadLetters"]["newest"]
        first, second, _ = [one["id"] for one in newest]
        await die(asked, f"{other.url}/x")
        foreign = next(
            one.id
            for one in asked.qstash.parts.dead_letters.page(lambda _: True, behind=None, count=1)[0]
        )
        told = await asked.refused("dlq", "retry", first, foreign)
        assert (
            told == f"The dead letter {foreign} is not of this service: it goes to {other.url}/x."
        )
        assert await asked.refused("dlq", "retry", first, "a/b") == (
            "There is no dead letter 'a/b'."
        )
        assert len(asked.qstash.parts.dead_letters) == 4
        destination.answers["/down"] = [(200, {})]
        said = await asked.says("dlq", "retry", first, second, first)
        assert said == "Retried 2 dead letters.\n"
        assert len(asked.qstash.parts.dead_letters) == 2


async def test_which_ones_must_be_said(asked: Asked) -> None:
    for args in ([], ["--all", "an-id"]):
        told = await asked.refused("dlq", "retry", *args)
        assert told == "Say which dead letters: their ids, or --all."
