"""``--help`` of every command."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from app.cli.app import app

COMMANDS = [
    command.name or command.callback.__name__
    for command in app.registered_commands
    if command.callback
]


def test_every_command_is_there() -> None:
    assert [
        *("serve", "worker", "migrate", "seed", "prune", "rotate-key"),
        *("run", "preview", "watch", "pause", "resume", "approve", "cancel", "retry"),
        *("failures", "events", "runs"),
        *("suspended", "answer", "link", "item", "output"),
        *("backfill", "coverage"),
        *("families", "demo"),
    ] == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_each_help_is_a_sentence(command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    assert any(line.strip().endswith(".") for line in shown.output.splitlines()[:6])
