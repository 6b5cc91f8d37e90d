"""``sluice schedule``."""

from __future__ import annotations

import typer

from app.cli.schedules import actions, changes
from app.cli.schedules.schedule import schedule

commands = typer.Typer()
for part in (changes, actions):
    schedule.add_typer(part.commands)
commands.add_typer(schedule, name="schedule")
