"""``sluice schedule``: when families run by themselves, for people and for scripts."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from urllib.parse import quote

from pydantic import JsonValue
from rich.console import Console

from app.cli.answers.answers import Answer
from app.cli.api_client import ApiClient, open_api
from app.cli.output.console import add, open_console, print_json, printable, table, when
from app.errors import BadInput
from app.settings import load_settings

PATH = "/api/schedules"
_PAGE = 200


class Last(Answer):
    fire_time: datetime
    result: str
    detail: str | None


class LastRun(Answer):
    id: str
    status: str | None


class Schedule(Answer):
    id: str
    name: str
    family: str
    expression: str
    words: str | None
    tz: str
    params: dict[str, JsonValue]
    options: dict[str, JsonValue]
    catch_up: str
    origin: str
    declared: bool
    orphaned: bool
    paused: bool
    next_at: datetime | None
    next_fire_times: list[datetime]
    last: Last | None
    last_run: LastRun | None
    changed_by: str
    changed_at: datetime

    @property
    def due(self) -> str:
        """When it fires next, or why it does not."""
        if self.orphaned:
            return "never: its family is not here any more"
        if not self.declared:
            return "never: the code has it no more"
        if self.paused:
            return "paused"
        return "never" if self.next_at is None else when(self.next_at)

    @property
    def came_of_it(self) -> str | None:
        """Of the last fire time, with how its run stands."""
        if self.last is None:
            return None
        if self.last.result != "started":
            return f"{self.last.result}: {self.last.detail}"
        run = self.last_run
        return "started" if run is None else f"{run.id} {run.status or 'is pruned'}"


class OneSchedule(Answer):
    schedule: Schedule


class Schedules(Answer):
    schedules: list[Schedule]
    next_cursor: str | None


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
        add(made, one.name, one.family, words, one.tz, one.due, last, one.came_of_it)
    console.print(made)


async def _list(family: str | None) -> tuple[list[JsonValue], list[Schedule]]:
    async with open_api(load_settings()) as api:
        return await every(api, family)


async def every(
    api: ApiClient, family: str | None = None
) -> tuple[list[JsonValue], list[Schedule]]:
    """Page by page: as they were sent, and as they were read."""
    raw: list[JsonValue] = []
    found: list[Schedule] = []
    cursor: str | None = None
    while True:
        answer = await api.get(PATH, family=family, limit=_PAGE, cursor=cursor)
        page = api.read(Schedules, answer)
        raw += json.loads(answer)["schedules"]
        found += page.schedules
        cursor = page.next_cursor
        if cursor is None:
            return raw, found


async def find(api: ApiClient, name: str) -> Schedule:
    """
    Raises:
        BadInput: none has this name or id.
    """
    _, there = await every(api)
    found = next((one for one in there if name in (one.name, one.id)), None)
    if found is None:
        raise BadInput(f"There is no schedule {printable(name)!r}. See: sluice schedule")
    return found


def path_of(schedule: Schedule, action: str = "") -> str:
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
        _print(console, OneSchedule.model_validate_json(answer).schedule)


def _print(console: Console, one: Schedule) -> None:
    made = table("Schedule", printable(one.name))
    if one.id != one.name:
        add(made, "id", one.id)
    add(made, "family", one.family)
    add(made, "when", f"{one.words or '–'} ({one.expression}), {one.tz}")
    for number, moment in enumerate(one.next_fire_times):
        add(made, "next" if number == 0 else "", when(moment))
    if not one.next_fire_times:
        add(made, "next", one.due)
    add(made, "missed", "one run for all of it" if one.catch_up == "one" else "not made up for")
    for what, values in (("params", one.params), ("options", one.options)):
        named = {key: value for key, value in values.items() if value not in (None, False)}
        add(made, what, ", ".join(f"{key} {json.dumps(v)}" for key, v in named.items()) or None)
    add(made, "last", None if one.last is None else when(one.last.fire_time))
    add(made, "", one.came_of_it)
    if one.last is not None and one.last.result == "started" and one.last.detail:
        add(made, "", one.last.detail)
    add(made, "changed", f"{when(one.changed_at)} by {one.changed_by}")
    console.print(made)
