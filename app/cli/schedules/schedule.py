"""``sluice schedule``, ``list`` and ``show``: when families run by themselves."""

from __future__ import annotations

import json
from typing import Annotated
from urllib.parse import quote

import typer
from rich.console import Console

from app.cli.api_client import ApiClient, Reply, open_api
from app.cli.options import Json, OfFamily
from app.cli.output.console import (
    add,
    open_console,
    print_done,
    print_json,
    print_pages,
    printable,
    table,
    when,
)
from app.errors import BadInput
from app.schemas.schedules import ScheduleAnswer, SchedulesAnswer, ScheduleView

PATH = "/api/schedules"
ScheduleName = Annotated[
    str, typer.Argument(metavar="SCHEDULE", help="Which schedule, by name or id: sluice schedule.")
]

schedule = typer.Typer(
    help="Show when families run by themselves, and change it.", invoke_without_command=True
)


@schedule.callback()
def default(context: typer.Context, *, as_json: Json = False) -> None:
    """List when families run by themselves, and what came of it last; or change it."""
    if context.invoked_subcommand is None:
        list_all(family=None, as_json=as_json)


@schedule.command("list")
def list_all(
    *,
    family: OfFamily = None,
    as_json: Json = False,
) -> None:
    """List them: when each is due next, and what came of the last fire time."""
    with open_api() as api:
        pages = list(api.pages(SchedulesAnswer, PATH, family=family))
    console = open_console()
    if as_json:
        print_pages(console, "schedules", (page.raw for page in pages))
        return
    found = [one for page in pages for one in page.found.schedules]
    if not found:
        console.print("There are no schedules yet.")
        return
    made = table("Schedule", "Family", "When", "Zone", "Next", "Last", "What came of it")
    for one in found:
        last = None if one.last is None else when(one.last.fire_time)
        words = one.words or one.expression
        add(made, one.name, one.family, words, one.tz, due(one), last, _came_of_it(one))
    console.print(made)


@schedule.command()
def show(name: ScheduleName, *, as_json: Json = False) -> None:
    """Show one: its next five fire times, params and options."""
    with open_api() as api:
        answer = api.get(ScheduleAnswer, schedule_path(find_schedule(api, name)))
    if as_json:
        print_json(open_console(), answer.raw)
    else:
        _print(open_console(), answer.found.schedule)


def due(schedule: ScheduleView) -> str:
    """When it fires next, or why it does not."""
    if schedule.orphaned:
        return "never: its family is not here any more"
    if not schedule.declared:
        return "never: the code has it no more"
    if schedule.paused:
        return "paused"
    return "never" if schedule.next_at is None else when(schedule.next_at)


def _came_of_it(schedule: ScheduleView) -> str | None:
    """Of the last fire time, with how its run stands; or that the next one fails."""
    if schedule.refused is not None:
        return f"fails next time: {schedule.refused}"
    if schedule.last is None:
        return None
    if schedule.last.result != "started":
        return f"{schedule.last.result}: {schedule.last.detail}"
    run = schedule.last_run
    return "started" if run is None else f"{run.id} {run.status or 'is pruned'}"


def find_schedule(api: ApiClient, name: str) -> ScheduleView:
    """
    Raises:
        BadInput: none has this name or id.
    """
    for page in api.pages(SchedulesAnswer, PATH):
        for one in page.found.schedules:
            if name in (one.name, one.id):
                return one
    raise BadInput(f"There is no schedule {printable(name)!r}. See: sluice schedule")


def schedule_path(schedule: ScheduleView, action: str = "") -> str:
    return f"{PATH}/{quote(schedule.id, safe='')}/{action}".rstrip("/")


def _print(console: Console, one: ScheduleView) -> None:
    made = table("Schedule", printable(one.name))
    if one.id != one.name:
        add(made, "id", one.id)
    add(made, "family", one.family)
    add(made, "when", f"{one.words or '–'} ({one.expression}), {one.tz}")
    for number, moment in enumerate(one.next_fire_times):
        add(made, "next" if number == 0 else "", when(moment))
    if not one.next_fire_times:
        add(made, "next", due(one))
    add(made, "refused", one.refused)
    add(made, "missed", "one run for all of it" if one.catch_up == "one" else "not made up for")
    for what, values in (("params", one.params), ("options", one.options.model_dump(mode="json"))):
        named = {key: value for key, value in values.items() if value not in (None, False)}
        add(made, what, ", ".join(f"{key} {json.dumps(v)}" for key, v in named.items()) or None)
    add(made, "last", None if one.last is None else when(one.last.fire_time))
    add(made, "", _came_of_it(one))
    if one.last is not None and one.last.result == "started" and one.last.detail:
        add(made, "", one.last.detail)
    add(made, "changed", f"{when(one.changed_at)} by {one.changed_by}")
    console.print(made)


def tell(answer: Reply[ScheduleAnswer], *, as_json: bool) -> None:
    """How it stands now that it was changed."""
    one = answer.found.schedule
    words = printable(one.words or one.expression)
    fires = due(one) if one.next_at is None else f"next {due(one)}"
    sentence = f"{printable(one.name)}: {words} in {printable(one.tz)}, {fires}"
    print_done(answer.raw, sentence, as_json=as_json)
