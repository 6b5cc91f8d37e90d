"""``--help`` of every command."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from importlib import import_module

import pytest
import typer
from typer.testing import CliRunner

from app import __version__
from app.cli.app import COMMANDS, app, loaded


def test_every_command_is_there() -> None:
    assert [
        *("serve", "worker", "migrate", "prune", "rotate-key"),
        *("run", "preview", "watch", "pause", "resume", "approve", "cancel", "finish", "retry"),
        *("failures", "events", "audit", "runs"),
        *("suspended", "answer", "link", "items", "item", "output"),
        *("backfill", "coverage", "forget"),
        *(
            "families",
            "check",
            "demo",
            "flow",
            "backfills",
            "schedule",
            "event",
            "batches",
            "notify",
        ),
        *("qstash", "qstash-dev"),
    ] == [name for name in COMMANDS if name != "seed"]  # which goes with the examples


def test_no_command_is_written_and_not_listed() -> None:
    listed: defaultdict[str, set[str]] = defaultdict(set)
    for name, (place, _) in COMMANDS.items():
        listed[place].add(name)
    written = {
        place: set(typer.main.get_group(import_module(f"app.cli.{place}").commands).commands)
        for place in listed
    }
    assert written == listed


def test_what_the_list_says_of_a_command_is_the_beginning_of_its_own_help() -> None:
    said = {name: command.help or "" for name, command in loaded().commands.items()}
    assert {name: " ".join(text.split()) for name, text in said.items()} == {
        name: sentence for name, (_, sentence) in COMMANDS.items()
    }


def test_the_list_of_commands_loads_none_of_them() -> None:
    said = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "from app.cli import main; main()", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in said.stderr.splitlines()}
    assert "app.cli.app" in imported
    assert not imported & {"app.settings", "httpx2", "pydantic", "sqlalchemy"}


def test_it_says_which_version_it_is() -> None:
    said = CliRunner().invoke(app, ["--version"])
    assert (said.exit_code, said.output) == (0, f"sluice {__version__}\n")


@pytest.mark.parametrize("command", COMMANDS)
def test_each_help_is_a_sentence(command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert any(line.strip().endswith(".") for line in shown.output.splitlines()[:6])
