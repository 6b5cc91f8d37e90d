"""``sluice qstash``."""

from __future__ import annotations

import typer

from app.cli.qstash import dead_letters, setup, status

commands = typer.Typer()
qstash = typer.Typer(
    help="Let QStash call this service, and see its messages there.", no_args_is_help=True
)
for part in (setup, status, dead_letters):
    qstash.add_typer(part.commands)
commands.add_typer(qstash, name="qstash")
