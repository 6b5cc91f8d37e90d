"""``sluice flow``, against a real API."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from app.cli.app import app
from tests.cli.command import Sluice

KEY = "welcome-placeholder.execute"


@pytest.fixture
def flow(service: Sluice) -> Iterator[Sluice]:
    """Whatever the test does, the code's limits are in force again behind it."""
    yield service
    service.run("flow", "resume", KEY)
    service.run("flow", "reset", KEY)


def state(sluice: Sluice, *args: str) -> dict[str, object]:
    """What a command on the key answers as JSON, without its counters."""
    ended = sluice.run("flow", *args, "--json")
    assert (ended.returncode, ended.stderr) == (0, "")
    found: dict[str, object] = json.loads(ended.stdout)["flowControl"]
    return {name: found[name] for name in ("parallelism", "rate", "periodSeconds", "source")}


def test_every_key_is_a_row_with_its_limits_in_words(flow: Sluice) -> None:
    assert flow.run("flow", "set", KEY, "--parallelism", "3", "--rate", "100/m").returncode == 0
    ended = flow.run("flow")
    assert (ended.returncode, ended.stderr) == (0, "")
    [row] = [line for line in ended.stdout.splitlines() if line.strip().startswith(KEY)]
    assert "100 per 60 s, 3 at once" in row
    assert "pinned" in row
    assert row.split()[-4:] == ["no", "0", "0", "0"]
    assert "\x1b" not in ended.stdout
    listed = json.loads(flow.run("flow", "--json").stdout)["flowControl"]
    assert KEY in [one["key"] for one in listed]


def test_what_is_not_named_keeps_its_present_value(flow: Sluice) -> None:
    both = {"parallelism": 3, "rate": 100, "periodSeconds": 30, "source": "pinned"}
    assert state(flow, "set", KEY, "--parallelism", "3", "--rate", "100/30s") == both
    assert state(flow, "set", KEY, "--parallelism", "4") == both | {"parallelism": 4}
    slower = both | {"parallelism": 4, "rate": 0.5, "periodSeconds": 1}
    assert state(flow, "set", KEY, "--rate", "0.5/s") == slower
    assert state(flow, "set", KEY, "--parallelism", "none") == slower | {"parallelism": None}
    assert state(flow, "set", KEY, "--rate", "none")["rate"] is None


def test_a_reset_returns_to_the_limits_of_the_code(flow: Sluice) -> None:
    before = state(flow, "reset", KEY)
    assert before["source"] == "code"
    assert state(flow, "set", KEY, "--parallelism", "7") != before
    assert state(flow, "reset", KEY) == before


def test_a_pause_lasts_until_the_resume_and_each_says_what_is_in_force(flow: Sluice) -> None:
    flow.run("flow", "set", KEY, "--parallelism", "2", "--rate", "2/s")
    paused = flow.run("flow", "pause", KEY)
    assert paused.stdout == f"{KEY}: 2 per second, 2 at once (pinned, paused)\n"
    resumed = flow.run("flow", "resume", KEY)
    assert resumed.stdout == f"{KEY}: 2 per second, 2 at once (pinned)\n"


def test_what_the_user_got_wrong_is_one_sentence_and_changes_nothing(flow: Sluice) -> None:
    before = state(flow, "reset", KEY)
    for command in ("pause", "resume", "reset"):
        sentence = flow.refused("flow", command, "nope")
        assert sentence.startswith("There is no flow key 'nope'. Known are: ")
        assert KEY in sentence
    assert flow.refused("flow", "set", KEY) == "Say what to set: --parallelism, --rate or both."
    assert flow.refused("flow", "set", KEY, "--parallelism", "0") == (
        "--parallelism: it must be a whole number from 1 to 1,000,000, or none, not '0'."
    )
    assert "100/30s, or none, not '-1/s'." in flow.refused("flow", "set", KEY, "--rate", "-1/s")
    assert "in at most 7d, not '1/8d'" in flow.refused("flow", "set", KEY, "--rate", "1/8d")
    assert state(flow, "reset", KEY) == before


def test_where_no_service_is_the_sentence_says_how_to_start_one(sluice: Sluice) -> None:
    assert "make serve" in sluice.refused("flow", SLUICE_URL="http://127.0.0.1:9")


@pytest.mark.parametrize("command", [[], ["partitions"], ["set"], ["pause"], ["resume"], ["reset"]])
def test_each_help_is_a_sentence(command: list[str]) -> None:
    shown = CliRunner().invoke(app, ["flow", *command, "--help"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert any(line.strip().endswith(".") for line in shown.output.splitlines()[:6])


def test_json_may_stand_before_the_command(flow: Sluice) -> None:
    paused = json.loads(flow.run("flow", "--json", "pause", KEY).stdout)["flowControl"]
    resumed = json.loads(flow.run("flow", "resume", KEY, "--json").stdout)["flowControl"]
    assert (paused["key"], paused["paused"], resumed["paused"]) == (KEY, True, False)
