"""``sluice schedule``, against a real API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from app.cli.app import app
from app.workflows.family import Cron
from tests.cli.command import Commanding, Sluice
from tests.support.families import Recording
from tests.support.service import Opener

FAMILY = "welcome-placeholder"
EVERY = ("list", "show", "add", "edit", "pause", "resume", "remove", "run")


@pytest.fixture
def schedules(service: Sluice) -> Iterator[Sluice]:
    """Whatever the test does, none of its schedules is there behind it."""
    yield service
    listed = json.loads(service.run("schedule", "--json").stdout)["schedules"]
    for one in listed:
        if one["origin"] == "api":
            service.run("schedule", "remove", one["id"])


def done(sluice: Sluice, *args: str) -> str:
    ended = sluice.run("schedule", *args)
    assert (ended.returncode, ended.stderr) == (0, ""), ended
    assert "\x1b" not in ended.stdout
    return ended.stdout


def state(sluice: Sluice, *args: str) -> dict[str, Any]:  # a JSON document
    found: dict[str, Any] = json.loads(done(sluice, *args, "--json"))["schedule"]
    return found


def test_one_is_added_changed_and_removed_in_plain_words(schedules: Sluice) -> None:
    added = done(schedules, "add", FAMILY, "0 3 * * *", "--name", "nightly", "--tz", "Asia/Tokyo")
    assert added.startswith("nightly: At 03:00 every day in Asia/Tokyo, next ")
    paused = done(schedules, "pause", "nightly")
    assert paused == "nightly: At 03:00 every day in Asia/Tokyo, paused\n"
    assert ", next " in done(schedules, "resume", "nightly")
    edited = done(schedules, "edit", "nightly", "--expression", "0 4 * * MON")
    assert edited.startswith("nightly: At 04:00 on Monday in Asia/Tokyo, next ")
    assert done(schedules, "remove", "nightly") == "nightly is removed. Its runs stay.\n"
    assert "no schedule 'nightly'" in schedules.refused("schedule", "show", "nightly")


def test_what_is_not_named_stays_as_it_is(schedules: Sluice) -> None:
    first = state(
        schedules, "add", FAMILY, "0 3 * * *", "--name", "paid", "--param", "paid-only=yes",
        "--limit", "5", "--catch-up", "none",
    )  # fmt: skip
    assert (first["params"], first["catchUp"], first["tz"]) == ({"paidOnly": True}, "none", "UTC")
    second = state(schedules, "edit", "paid", "--force")
    assert (second["options"]["force"], second["options"]["limit"]) == (True, 5)
    assert second["nextFireTimes"] == first["nextFireTimes"]
    third = state(schedules, "edit", first["id"], "--limit", "none", "--tz", "Europe/Berlin")
    assert (third["options"]["force"], third["options"]["limit"]) == (True, None)
    assert (third["params"], third["expression"]) == ({"paidOnly": True}, "0 3 * * *")
    assert state(schedules, "show", "paid") == third


def test_each_option_of_a_run_is_said_changed_and_taken_back(schedules: Sluice) -> None:
    first = state(
        schedules, "add", FAMILY, "0 3 * * *", "--name", "careful", "--priority", "2",
        "--canary", "10", "--auto-promote", "--ramp-start", "1", "--ramp-every", "30s",
        "--budget-usd", "20", "--budget-tokens", "1000", "--max-failure-rate", "0.1",
        "--min-items", "20", "--deadline", "2h", "--attempts", "3", "--approval",
    )["options"]  # fmt: skip
    assert {name: value for name, value in first.items() if value} == {
        "priority": 2,
        "canary": 10,
        "autoPromote": True,
        "ramp": {"start": 1, "factor": 2, "everySeconds": 30},
        "budget": {"usd": 20, "tokens": 1000},
        "maxFailureRate": 0.1,
        "minItems": 20,
        "deadlineSeconds": 7200,
        "attempts": 3,
        "approval": True,
    }
    second = state(
        schedules, "edit", "careful", "--priority", "9", "--ramp-factor", "1.5",
        "--budget-usd", "none", "--no-auto-promote", "--max-failure-rate", "none",
    )["options"]  # fmt: skip
    assert second == {
        **first, "priority": 9, "autoPromote": False, "maxFailureRate": None,
        "ramp": {"start": 1, "factor": 1.5, "everySeconds": 30},
        "budget": {"usd": None, "tokens": 1000},
    }  # fmt: skip
    shown = done(schedules, "show", "careful")
    assert "priority 9" in shown
    usual = state(
        schedules, "edit", "careful", "--ramp-factor", "none", "--ramp-every", "none",
        "--budget-tokens", "1000000000000",
    )["options"]  # fmt: skip
    assert usual["ramp"] == {"start": 1, "factor": 2, "everySeconds": 60}
    assert usual["budget"]["tokens"] == 10**12
    third = state(
        schedules, "edit", "careful", "--priority", "none", "--ramp-start", "none", "--canary",
        "none", "--budget-tokens", "none", "--min-items", "none", "--deadline", "none",
        "--attempts", "none", "--no-approval",
    )["options"]  # fmt: skip
    assert {name: value for name, value in third.items() if value} == {}
    state(schedules, "edit", "careful", "--canary", "5", "--auto-promote")
    fourth = state(schedules, "edit", "careful", "--canary", "none")["options"]
    assert (fourth["canary"], fourth["autoPromote"]) == (None, False)


async def test_a_param_is_dropped_that_the_family_has_lost_or_should_say_itself(
    schedules: Sluice, migrated: str
) -> None:
    state(schedules, "add", FAMILY, "0 3 * * *", "--name", "older", "--param", "paidOnly=true")
    connection = await asyncpg.connect(migrated)
    try:  # as code has left it that had one param more
        await connection.execute(
            """UPDATE sluice.schedule SET params = params || '{"region": "eu"}'"""
            " WHERE name = 'older'"
        )
    finally:
        await connection.close()
    assert "params.region: there is no such field." in done(schedules, "show", "older")
    said = schedules.refused("schedule", "edit", "older", "--param", "paidOnly=false")
    assert said == (
        f"{FAMILY} has lost params that the schedule gives it. Take them out, too:"
        " --drop-param region"
    )
    edit = ("edit", "older", "--drop-param", "region")
    assert state(schedules, *edit)["params"] == {"paidOnly": True}
    said = schedules.refused("schedule", *edit)
    assert said == "--drop-param region: the schedule gives no such param. It gives: paidOnly."
    dropped = state(schedules, "edit", "older", "--drop-param", "paidOnly", "--param", "paidOnly=0")
    assert dropped["params"] == {"paidOnly": False}
    assert state(schedules, "edit", "older", "--drop-param", "paidOnly")["params"] == {}


def test_a_run_now_is_followed_and_what_it_was_is_shown(schedules: Sluice) -> None:
    state(schedules, "add", FAMILY, "0 3 * * *", "--name", "small", "--limit", "1")
    ended = schedules.run("schedule", "run", "small", "--watch")
    assert ended.returncode == 0, ended
    assert "succeeded" in ended.stdout
    key = ("schedule", "run", "small", "--idempotency-key", "again", "--json")
    first = json.loads(schedules.run(*key).stdout)["runId"]
    assert json.loads(schedules.run(*key).stdout)["runId"] == first


def test_they_are_listed_as_rows_and_each_is_shown_as_a_table(schedules: Sluice) -> None:
    state(schedules, "add", FAMILY, "*/5 * * * *", "--name", "often", "--param", "paidOnly=true")
    for command in ((), ("list",), ("list", "--family", FAMILY)):
        shown = done(schedules, *command)
        [row] = [line for line in shown.splitlines() if line.strip().startswith("often")]
        assert "Every fifth minute of every hour" in row
        assert FAMILY in row
    assert "often" not in done(schedules, "list", "--family", "review-post")
    shown = done(schedules, "show", "often")
    assert "(*/5 * * * *), UTC" in shown
    assert "paidOnly true" in shown
    assert "one run for all of it" in shown


def test_what_the_user_got_wrong_is_one_sentence_with_the_position(schedules: Sluice) -> None:
    def refused(*args: str) -> str:
        return schedules.refused("schedule", *args)

    assert "character 3: the hour must be 0 to 23, not '25'" in refused(
        "add", FAMILY, "0 25 * * *"
    )  # fmt: skip
    assert "character 8: there is no such time zone. Did you mean Europe/Berlin?" in refused(
        "add", FAMILY, "0 3 * * *", "--tz", "Europe/Berlim"
    )
    assert "There is no family 'nope'." in refused("add", "nope", "0 3 * * *")
    assert "There is no param 'x'." in refused("add", FAMILY, "0 3 * * *", "--param", "x=1")
    assert "--limit: it must be" in refused("add", FAMILY, "0 3 * * *", "--limit", "0")
    for option, said in {
        "--priority=10": "--priority: it must be a whole number from 0 to 9, or none, not '10'.",
        "--budget-usd=much": "--budget-usd: it must be a number above 0 and at most",
        "--budget-usd=nan": "--budget-usd: it must be a number above 0 and at most",
        "--attempts=1001": "--attempts: it must be a whole number from 1 to 1,000, or none",
        "--canary=1001": "--canary: it must be a whole number from 1 to 1,000, or none",
        "--deadline=367d": "--deadline: it must be at most 366d, not '367d'.",
        "--deadline=soon": "--deadline: it must be a number above 0 and a unit",
        "--ramp-every=60s": "--ramp-factor and --ramp-every are for a ramp.",
        "--max-failure-rate=2": "--max-failure-rate: it must be a number from 0 to 1, or none",
        "--auto-promote": "--auto-promote is for runs with --canary.",
    }.items():
        assert said in refused("add", FAMILY, "0 3 * * *", option)
    both = ("--ramp-start=none", "--ramp-every=60s")
    assert "there is no factor and no time" in refused("add", FAMILY, "0 3 * * *", *both)
    for command in ("show", "pause", "resume", "remove", "run"):
        assert refused(command, "nope") == "There is no schedule 'nope'. See: sluice schedule"
    state(schedules, "add", FAMILY, "0 3 * * *", "--name", "plain")
    assert refused("edit", "plain") == "Say what to change: see sluice schedule edit --help."


async def test_one_whose_family_is_gone_is_shown_as_such_and_removed(
    opener: Opener, commanding: Commanding
) -> None:
    class Nightly(Recording):
        name = "nightly"
        schedule = Cron("30 2 * * *")

    key = "family:nightly"
    async with opener(Nightly()):
        pass
    async with opener(Recording()) as service, commanding(service) as command:
        for args in ((), ("show", key)):
            said = await command.says("schedule", *args)
            assert "never: its family is not here any more" in said
        assert "not here any more" in await command.refused("schedule", "run", key)
        await command.says("schedule", "remove", key)
        assert await command.says("schedule") == "There are no schedules yet.\n"


def test_where_no_service_is_the_sentence_says_how_to_start_one(sluice: Sluice) -> None:
    assert "make serve" in sluice.refused("schedule", SLUICE_URL="http://127.0.0.1:9")


@pytest.mark.parametrize("command", [[], *([one] for one in EVERY)])
def test_each_help_is_a_sentence(command: list[str]) -> None:
    shown = CliRunner().invoke(app, ["schedule", *command, "--help"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert any(line.strip().endswith(".") for line in shown.output.splitlines()[:6])


def test_json_may_stand_before_the_command(schedules: Sluice) -> None:
    for args in (("--json", "list"), ("list", "--json")):
        assert json.loads(done(schedules, *args)) == {
            "success": True,
            "schedules": [],
            "nextCursor": None,
        }
