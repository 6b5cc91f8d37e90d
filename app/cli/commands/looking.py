"""``sluice failures`` and ``sluice events``: what went wrong in a run, and what happened to it."""

from __future__ import annotations

import asyncio
import json

from pydantic import JsonValue

from app.cli.api_client import open_api, run_path
from app.cli.output.console import add, number, open_console, print_json, printable, program, table
from app.schemas.events import EventsAnswer, EventView
from app.schemas.failures import FailuresAnswer
from app.settings import load_settings


def list_failures(run_id: str, *, as_json: bool) -> None:
    answer, found = asyncio.run(_failures(run_id))
    console = open_console()
    if as_json:
        print_json(console, answer)
        return
    if not found.failures:
        console.print("Nothing failed.")
        return
    made = table("Items", "Group", "Error", "Message", "Last", "For example", right=("Items",))
    for one in found.failures:
        add(
            made,
            number(one.count),
            one.group,
            one.error_class,
            one.message,
            f"{one.last_at.astimezone():%Y-%m-%d %H:%M:%S}",
            ", ".join(one.samples[:2]),
        )
    console.print(made)
    console.print(f"{number(found.total)} items failed. Try those of one group once more with:")
    console.print(f"{program()} retry {printable(run_id)} --group GROUP")


async def _failures(run_id: str) -> tuple[bytes, FailuresAnswer]:
    async with open_api(load_settings()) as api:
        answer = await api.get(run_path(run_id, "failures"))
        return answer, api.read(FailuresAnswer, answer)


def list_events(run_id: str, *, as_json: bool) -> None:
    raw, events = asyncio.run(_events(run_id))
    console = open_console()
    if as_json:
        print_json(console, json.dumps({"success": True, "events": raw}).encode())
        return
    made = table("At", "Kind", "Who", "Reason", "Detail")
    for one in events:
        at = f"{one.at.astimezone():%Y-%m-%d %H:%M:%S}"
        add(made, at, one.kind, one.who, one.reason, one.detail or _data(one))
    console.print(made)


async def _events(run_id: str) -> tuple[list[JsonValue], list[EventView]]:
    """All of them, page by page: as they were sent, and as they were read."""
    raw: list[JsonValue] = []
    events: list[EventView] = []
    cursor: str | None = None
    async with open_api(load_settings()) as api:
        while True:
            answer = await api.get(run_path(run_id, "events"), limit=200, cursor=cursor)
            page = api.read(EventsAnswer, answer)
            raw += json.loads(answer)["events"]
            events += page.events
            cursor = page.next_cursor
            if cursor is None:
                return raw, events


def _data(event: EventView) -> str | None:
    if event.data is None:
        return None
    return ", ".join(f"{name}: {value}" for name, value in event.data.items())
