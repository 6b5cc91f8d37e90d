"""Commands that call the API, against a real one."""

from __future__ import annotations

import json

from tests.cli.command import Sluice

FAMILY = "welcome-placeholder"


def test_a_dry_run_shows_the_statistics_as_plain_text(service: Sluice) -> None:
    ended = service.run("run", FAMILY, "--dry-run", "--limit", "40")
    assert (ended.returncode, ended.stderr) == (0, "")
    lines = {line.strip().rpartition(" ")[::2] for line in ended.stdout.splitlines()}
    assert {(name.strip(), value) for name, value in lines} >= {
        ("users eligible", "921"),
        ("to process", "40"),
    }
    assert "\x1b" not in ended.stdout


def test_a_watched_run_ends_with_its_counts_and_code_0(service: Sluice) -> None:
    ended = service.run(
        "run", FAMILY, "--limit", "15", "--force", "--watch", "--param", "paid-only=1"
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "15 of 15  15 succeeded, 0 failed, 0 skipped" in ended.stdout
    end, compared = ended.stdout.splitlines()[-2:]
    assert "succeeded in" in end
    assert compared.startswith("Estimated: ")
    assert "Actual: " in compared
    assert "\x1b" not in ended.stdout


def test_a_start_that_waits_says_how_many_it_is_for(service: Sluice) -> None:
    ended = service.run("run", FAMILY, "--limit", "2", "--force", "--wait", "30")
    assert (ended.returncode, ended.stderr) == (0, "")
    started, numbers = ended.stdout.splitlines()
    assert numbers.startswith("Triggered pagination for 2 users")
    assert service.run("watch", started.split()[1].rstrip(".")).returncode == 0
    assert "--wait" in service.refused("run", FAMILY, "--wait", "3", "--watch")


def test_json_is_the_answer_of_the_api_and_nothing_else(service: Sluice) -> None:
    started = json.loads(
        service.run(
            "run", FAMILY, "--item-id", "nobody", "--attempts", "2", "--watch", "--json"
        ).stdout
    )
    assert started["run"]["options"]["attempts"] == 2
    assert started["run"]["status"] == "succeeded"
    assert started["run"]["counters"]["skipped"] == 1
    assert started["run"]["startedBy"] == "cli"
    runs = json.loads(service.run("runs", "--limit", "1", "--json").stdout)
    assert [run["id"] for run in runs["runs"]] == [started["run"]["id"]]
    families = json.loads(service.run("families", "--json").stdout)
    assert FAMILY in [family["name"] for family in families["families"]]


def test_runs_and_families_are_tables(service: Sluice) -> None:
    started = service.run("run", FAMILY, "--item-id", "nobody").stdout
    run_id = started.split()[1].rstrip(".")
    assert service.run("watch", run_id).returncode == 0  # its family has one run at a time
    row = next(line for line in service.run("runs").stdout.splitlines() if run_id in line)
    assert FAMILY in row
    assert f" {FAMILY} " in service.run("families").stdout


def test_what_the_user_got_wrong_is_one_sentence_that_names_what_is_right(service: Sluice) -> None:
    sentence = service.refused("run", "nope")
    assert sentence.startswith("There is no family 'nope'. Known are: ")
    assert FAMILY in sentence
    assert service.refused("run", FAMILY, "--param", "colour=red") == (
        "There is no param 'colour'. Known are: paidOnly."
    )
    assert service.refused("run", FAMILY, "--param", "paid_only=red") == (
        "--param paid_only: it must be true or false, not 'red'."
    )
    assert "running" in service.refused("runs", "--status", "walking")
    assert "dry run" in service.refused("run", FAMILY, "--dry-run", "--watch")


def test_a_wrong_token_is_refused_and_never_printed(service: Sluice) -> None:
    wrong = "wrong-wrong-wrong-wrong"
    sentence = service.refused("runs", SLUICE_TOKEN=wrong)
    assert "SLUICE_TOKEN" in sentence
    assert wrong not in sentence


def test_where_no_service_is_the_sentence_says_how_to_start_one(sluice: Sluice) -> None:
    assert sluice.refused("families", SLUICE_URL="http://127.0.0.1:9") == (
        "No service answers at http://127.0.0.1:9. Start it with: make serve (or set SLUICE_URL)"
    )
