"""``sluice schedule add``, ``edit``, ``pause``, ``resume``, ``remove`` and ``run``."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import typer
from pydantic import JsonValue

from app.cli.api_client import ApiClient, open_api
from app.cli.commands.jobs import find as find_family
from app.cli.commands.schedule import PATH, due, find, path_of
from app.cli.commands.watch import follow
from app.cli.input.params import parse_params
from app.cli.options import Following
from app.cli.output.console import open_console, print_json, printable, program
from app.errors import BadInput
from app.schemas.schedules import ScheduleAnswer
from app.schemas.workflow_answers import StartedAnswer
from app.settings import load_settings


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the user named; None: not named."""

    expression: str | None
    tz: str | None
    name: str | None
    params: tuple[str, ...]
    catch_up: str | None
    limit: str | None
    force: bool | None
    approval: bool | None

    async def body(
        self,
        api: ApiClient,
        family: str,
        params: Mapping[str, JsonValue],
        options: Mapping[str, JsonValue],
    ) -> dict[str, JsonValue]:
        """As the API takes it. ``params`` and ``options`` are in force now.

        Raises:
            BadInput: a param or the limit cannot be read, or the family is not there.
        """
        plain: dict[str, JsonValue] = {
            "expression": self.expression,
            "tz": self.tz,
            "name": self.name,
            "catchUp": self.catch_up,
        }
        body: dict[str, JsonValue] = {}
        body |= {name: value for name, value in plain.items() if value is not None}
        if self.params:
            found = await find_family(api, family)
            body["params"] = {**params, **parse_params(self.params, found.params)}
        asked: dict[str, JsonValue] = {"force": self.force, "approval": self.approval}
        asked = {name: value for name, value in asked.items() if value is not None}
        if self.limit is not None:
            asked["limit"] = _limit(self.limit)
        if asked:
            body["options"] = {**options, **asked}
        return body


def _limit(text: str) -> int | None:
    if text.strip().lower() == "none":
        return None
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) == 0:
        raise BadInput(
            f"--limit: it must be a whole number of 1 or more, or none, not {text[:60]!r}."
        )
    return int(text)


def add_schedule(family: str, wanted: Wanted, *, as_json: bool) -> None:
    _tell(asyncio.run(_add(family, wanted)), as_json=as_json)


async def _add(family: str, wanted: Wanted) -> bytes:
    async with open_api(load_settings()) as api:
        body = await wanted.body(api, family, {}, {})
        return await api.post(PATH, {"family": family, **body})


def edit_schedule(name: str, wanted: Wanted, *, as_json: bool) -> None:
    _tell(asyncio.run(_edit(name, wanted)), as_json=as_json)


async def _edit(name: str, wanted: Wanted) -> bytes:
    async with open_api(load_settings()) as api:
        now = await find(api, name)
        body = await wanted.body(api, now.family, now.params, now.options.model_dump(mode="json"))
        if not body:
            raise BadInput("Say what to change: see sluice schedule edit --help.")
        return await api.send("PATCH", path_of(now), body)


def pause_schedule(name: str, *, paused: bool, as_json: bool) -> None:
    _tell(asyncio.run(_act(name, "pause" if paused else "resume")), as_json=as_json)


async def _act(name: str, action: str) -> bytes:
    async with open_api(load_settings()) as api:
        return await api.post(path_of(await find(api, name), action), {})


def remove_schedule(name: str, *, yes: bool, as_json: bool) -> int:
    """The exit code."""
    asks = not yes and sys.stdin.isatty() and sys.stdout.isatty()
    if asks and not typer.confirm(f"Remove the schedule {printable(name)}?"):
        open_console().print("It stays.")
        return 1
    answer = asyncio.run(_remove(name))
    if as_json:
        print_json(open_console(), answer)
    else:
        open_console().print(f"{printable(name)} is removed. Its runs stay.")
    return 0


async def _remove(name: str) -> bytes:
    async with open_api(load_settings()) as api:
        return await api.send("DELETE", path_of(await find(api, name)))


def run_schedule(name: str, *, key: str | None, follow_it: Following, as_json: bool) -> int:
    """The exit code."""
    return asyncio.run(_run(name, key, follow_it=follow_it, as_json=as_json))


async def _run(name: str, key: str | None, *, follow_it: Following, as_json: bool) -> int:
    console = open_console()
    async with open_api(load_settings()) as api:
        path = path_of(await find(api, name), "run")
        answer, replayed = await api.start(path, {}, key)
        run_id = api.read(StartedAnswer, answer).run_id
        if as_json and not follow_it:
            print_json(console, answer)
        elif not as_json:
            started = "An earlier call with this key had started" if replayed else "Started"
            hint = "" if follow_it else f" Follow it with: {program()} watch {run_id}"
            console.print(f"{started} {run_id}.{hint}")
        return await follow(api, console, run_id, follow_it, as_json=as_json) if follow_it else 0


def _tell(answer: bytes, *, as_json: bool) -> None:
    console = open_console()
    if as_json:
        print_json(console, answer)
        return
    one = ScheduleAnswer.model_validate_json(answer).schedule
    words = printable(one.words or one.expression)
    fires = due(one) if one.next_at is None else f"next {due(one)}"
    console.print(f"{printable(one.name)}: {words} in {printable(one.tz)}, {fires}")
