"""``sluice qstash setup``: the schedule that calls the service each minute."""

from __future__ import annotations

import json

import pytest

from app.cli.qstash.account import SCHEDULE
from tests.cli.qstash.conftest import APP_URL, Asked

TICK = f"{APP_URL}/api/qstash/tick"


def schedules(asked: Asked) -> list[tuple[str, str, str, bool]]:
    found = asked.qstash.parts.schedules.all()
    return [(one.id, one.destination, one.times.text, one.paused) for one in found]


async def test_it_is_made_once_and_left_alone_from_then_on(asked: Asked) -> None:
    assert await asked.says("setup") == (
        f"Made the schedule {SCHEDULE}: QStash calls {TICK} each minute.\n"
    )
    made = asked.qstash.parts.schedules.find(SCHEDULE)
    assert schedules(asked) == [(SCHEDULE, TICK, "* * * * *", False)]
    assert (made.instructions.method, made.instructions.retries) == ("POST", 0)
    assert await asked.says("setup") == (
        f"The schedule {SCHEDULE} is as it should be: QStash calls {TICK} each minute.\n"
    )
    assert asked.qstash.parts.schedules.find(SCHEDULE) is made


async def test_it_follows_the_address_and_one_that_was_paused_goes_on(asked: Asked) -> None:
    await asked.says("setup")
    asked.qstash.parts.schedules.find(SCHEDULE).paused = True
    moved = "http://127.0.0.1:9/elsewhere"
    assert await asked.says("setup", APP_URL=f"{moved}/") == (
        f"Updated the schedule {SCHEDULE}, which called {TICK} (* * * * *): QStash calls"
        f" {moved}/api/qstash/tick each minute. It was paused, and goes on.\n"
    )
    assert schedules(asked) == [(SCHEDULE, f"{moved}/api/qstash/tick", "* * * * *", False)]


async def test_scripts_are_told_as_json(asked: Asked) -> None:
    told = {"schedule": SCHEDULE, "destination": TICK, "cron": "* * * * *", "resumed": False}
    for done in ("made", "unchanged"):
        found = json.loads(await asked.says("setup", "--json"))
        assert found == {"success": True, "done": done, **told}


@pytest.mark.parametrize("command", [["setup"], ["status"], ["dlq", "retry", "--all"]])
async def test_whatever_qstash_answers_instead_is_told_in_a_sentence(
    asked: Asked, command: list[str]
) -> None:
    sentences = {
        401: "QStash refuses the token (401): QSTASH_TOKEN must be the one",
        429: "QStash takes no more calls just now",
        503: "QStash has a fault of its own just now (503).",
    }
    for status, sentence in sentences.items():
        asked.faults.away = status
        assert (await asked.refused(*command)).startswith(sentence)
    assert schedules(asked) == []


async def test_a_wrong_token_and_a_qstash_that_is_not_there_are_told(asked: Asked) -> None:
    wrong = "a-token-that-is-wrong-and-secret"
    told = await asked.refused("setup", QSTASH_TOKEN=wrong)
    assert told.startswith("QStash refuses the token (401)")
    assert wrong not in told
    away = await asked.refused("setup", QSTASH_URL="http://127.0.0.1:1")
    assert away == "QStash does not answer (ConnectError). Is QSTASH_URL right?"


async def test_what_is_missing_is_named(asked: Asked) -> None:
    assert "QSTASH_TOKEN is not set" in await asked.refused("setup", QSTASH_TOKEN="")
    assert (await asked.refused("status", SLUICE_ENGINE="postgres")).startswith(
        "SLUICE_ENGINE is postgres, so QStash has no part in this service."
    )


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000", "http://10.1.2.3",
        "https://sluice.internal",
    ],
)  # fmt: skip
async def test_an_address_that_the_public_qstash_cannot_reach_is_refused_before_it_is_called(
    asked: Asked, address: str
) -> None:
    told = await asked.refused("setup", APP_URL=address, QSTASH_URL="https://qstash.upstash.io")
    assert told.startswith(
        f"APP_URL is {address}, where QStash at https://qstash.upstash.io cannot reach this"
    )
