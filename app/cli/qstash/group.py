"""``sluice qstash``."""

from __future__ import annotations

import typer

from app.cli.qstash import dead_letters, setup, status

commands = typer.Typer()
qstash = typer.Typer(
    help="Have QStash call this service, and see what it has of it.", no_args_is_help=True
)
for part in (setup, status, dead_letters):
    qstash.add_typer(part.commands)
commands.add_typer(qstash, name="qstash")
