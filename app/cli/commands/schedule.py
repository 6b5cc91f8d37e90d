"""``sluice schedule``: when families run by themselves, for people and for scripts."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import quote

from pydantic import JsonValue
from rich.console import Console

from app.cli.api_client import ApiClient, open_api
from app.cli.output.console import add, open_console, print_json, printable, table, when
from app.errors import BadInput
from app.schemas.schedules import ScheduleAnswer, SchedulesAnswer, ScheduleView
from app.settings import load_settings

PATH = "/api/schedules"
_PAGE = 200


def due(schedule: ScheduleView) -> str:
    """When it fires next, or why it does not."""
    if schedule.orphaned:
        return "never: its family is not here any more"
    if not schedule.declared:
        return "never: the code has it no more"
    if schedule.paused:
        return "paused"
    return "never" if schedule.next_at is None else when(schedule.next_at)


def came_of_it(schedule: ScheduleView) -> str | None:
    """Of the last fire time, with how its run stands."""
    if schedule.last is None:
        return None
    if schedule.last.result != "started":
        return f"{schedule.last.result}: {schedule.last.detail}"
    run = schedule.last_run
    return "started" if run is None else f"{run.id} {run.status or 'is pruned'}"


def list_schedules(family: str | None, *, as_json: bool) -> None:
    raw, found = asyncio.run(_list(family))
    console = open_console()
    if as_json:
        print_json(console, json.dumps({"success": True, "schedules": raw}).encode())
        return
    if not found:
        console.print("There are no schedules yet.")
        return
    made = table("Schedule", "Family", "When", "Zone", "Next", "Last", "What came of it")
    for one in found:
        last = None if one.last is None else when(one.last.fire_time)
        words = one.words or one.expression
        add(made, one.name, one.family, words, one.tz, due(one), last, came_of_it(one))
    console.print(made)


async def _list(family: str | None) -> tuple[list[JsonValue], list[ScheduleView]]:
    async with open_api(load_settings()) as api:
        return await every(api, family)


async def every(
    api: ApiClient, family: str | None = None
) -> tuple[list[JsonValue], list[ScheduleView]]:
    """Page by page: as they were sent, and as they were read."""
    raw: list[JsonValue] = []
    found: list[ScheduleView] = []
    cursor: str | None = None
    while True:
        answer = await api.get(PATH, family=family, limit=_PAGE, cursor=cursor)
        page = api.read(SchedulesAnswer, answer)
        raw += json.loads(answer)["schedules"]
        found += page.schedules
        cursor = page.next_cursor
        if cursor is None:
            return raw, found


async def find(api: ApiClient, name: str) -> ScheduleView:
    """
    Raises:
        BadInput: none has this name or id.
    """
    _, there = await every(api)
    found = next((one for one in there if name in (one.name, one.id)), None)
    if found is None:
        raise BadInput(f"There is no schedule {printable(name)!r}. See: sluice schedule")
    return found


def path_of(schedule: ScheduleView, action: str = "") -> str:
    return f"{PATH}/{quote(schedule.id, safe='')}/{action}".rstrip("/")


def show_schedule(name: str, *, as_json: bool) -> None:
    show(asyncio.run(_get(name)), as_json=as_json)


async def _get(name: str) -> bytes:
    async with open_api(load_settings()) as api:
        return await api.get(path_of(await find(api, name)))


def show(answer: bytes, *, as_json: bool) -> None:
    console = open_console()
    if as_json:
        print_json(console, answer)
    else:
        _print(console, ScheduleAnswer.model_validate_json(answer).schedule)


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
    add(made, "missed", "one run for all of it" if one.catch_up == "one" else "not made up for")
    for what, values in (("params", one.params), ("options", one.options.model_dump(mode="json"))):
        named = {key: value for key, value in values.items() if value not in (None, False)}
        add(made, what, ", ".join(f"{key} {json.dumps(v)}" for key, v in named.items()) or None)
    add(made, "last", None if one.last is None else when(one.last.fire_time))
    add(made, "", came_of_it(one))
    if one.last is not None and one.last.result == "started" and one.last.detail:
        add(made, "", one.last.detail)
    add(made, "changed", f"{when(one.changed_at)} by {one.changed_by}")
    console.print(made)
