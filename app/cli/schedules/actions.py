"""``sluice schedule pause``, ``resume``, ``remove`` and ``run``."""

from __future__ import annotations

import typer

from app.cli.api_client import open_api
from app.cli.commands.watch import tell_start
from app.cli.options import Json, Key, Note, ThroughPauses, Watch, Yes, following
from app.cli.output.console import confirm_removal, open_console, print_done, printable
from app.cli.paths import noted, noted_path
from app.cli.schedules.schedule import ScheduleName, find_schedule, schedule_path, tell
from app.schemas.schedules import RemovedAnswer, ScheduleAnswer
from app.schemas.workflow_answers import StartedAnswer

commands = typer.Typer()


@commands.command()
def pause(name: ScheduleName, *, note: Note = None, as_json: Json = False) -> None:
    """Let it start nothing until it is resumed."""
    _act(name, "pause", note, as_json=as_json)


@commands.command()
def resume(name: ScheduleName, *, note: Note = None, as_json: Json = False) -> None:
    """Let it go on; what passed meanwhile is not made up for."""
    _act(name, "resume", note, as_json=as_json)


def _act(name: str, action: str, note: str | None, *, as_json: bool) -> None:
    with open_api() as api:
        path = schedule_path(find_schedule(api, name), action)
        tell(api.post(ScheduleAnswer, path, noted(note)), as_json=as_json)


@commands.command()
def remove(
    name: ScheduleName,
    *,
    yes: Yes = False,
    note: Note = None,
    as_json: Json = False,
) -> None:
    """Remove one that the code does not declare; its runs stay."""
    confirm_removal(f"schedule {name}", yes=yes)
    with open_api() as api:
        path = noted_path(schedule_path(find_schedule(api, name)), note)
        answer = api.send(RemovedAnswer, "DELETE", path)
    print_done(answer.raw, f"{printable(name)} is removed. Its runs stay.", as_json=as_json)


@commands.command()
def run(
    name: ScheduleName,
    *,
    idempotency_key: Key = None,
    watch: Watch = False,
    through_pauses: ThroughPauses = False,
    as_json: Json = False,
) -> None:
    """Start a run as it would, at once; when it is due next stays."""
    follow_it = following(watch=watch, through_pauses=through_pauses)
    with open_api() as api:
        path = schedule_path(find_schedule(api, name), "run")
        started = api.post(StartedAnswer, path, {}, key=idempotency_key)
        run_id = started.found.run_id
        code = tell_start(api, open_console(), started, run_id, follow_it, as_json=as_json)
        raise typer.Exit(code)
