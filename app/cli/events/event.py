"""``sluice event``, ``send``, ``list`` and ``unmatched``: what has happened elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from pydantic import JsonValue

from app.cli.api_client import open_api
from app.cli.input.json_object import parse_object
from app.cli.options import Json, Key, Most
from app.cli.output.console import add, open_console, print_json, printable, table, when
from app.schemas.sent_events.answers import (
    EventsSentAnswer,
    EventStartView,
    SentEventsAnswer,
    SentEventView,
    UnmatchedEventsAnswer,
)

PATH = "/api/events"

event = typer.Typer(
    help="Send an event, and show what events have led to.", invoke_without_command=True
)
commands = typer.Typer()
commands.add_typer(event, name="event")


@event.callback()
def default(context: typer.Context, *, as_json: Json = False) -> None:
    """Send an event, and see what came of those that were sent."""
    if context.invoked_subcommand is None:
        list_all(as_json=as_json)


@event.command()
def send(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Such as user/registered.")],
    *,
    data: Annotated[
        str,
        typer.Option(metavar="JSON", help="The event's data; @FILE, or @- for standard input."),
    ] = "{}",
    event_id: Annotated[
        str | None, typer.Option("--id", help="Events with the same name and id are accepted once.")
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(metavar="MOMENT", help="When it happened, such as 2026-01-31T05:00Z."),
    ] = None,
    key: Key = None,
    as_json: Json = False,
) -> None:
    """Send one event: the families that say so start work on what it names."""
    told = parse_object(data, "--data")
    body: dict[str, JsonValue] = {"name": name, "data": told, "id": event_id, "at": at}
    with open_api() as api:
        answer = api.post(EventsSentAnswer, PATH, body, key=key)
    console = open_console()
    if as_json:
        print_json(console, answer.raw)
        return
    [sent] = answer.found.events
    shown = printable(f"{sent.name} {sent.id}")
    if sent.duplicate:
        console.print(f"{shown} was there already: nothing was done.")
    elif sent.unmatched:
        console.print(f"{shown} was taken; no family knows its name.")
    else:
        asks = ", ".join(f"{one.family} {one.item_id}" for one in sent.starts)
        did = [f"asks for {printable(asks)}"] if asks else []
        did += [f"lets {_items(sent.woke)} go on"] if sent.woke else []
        if did:
            console.print(f"{shown} was taken, and {' and '.join(did)}")
        else:
            console.print(f"{shown} was taken; it asks for nothing.")


@event.command("list")
def list_all(
    *,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only those of this name.")
    ] = None,
    limit: Most = 50,
    as_json: Json = False,
) -> None:
    """List the last ones, the newest first, and what came of each."""
    with open_api() as api:
        answer = api.get(SentEventsAnswer, PATH, name=name, limit=limit)
    console = open_console()
    if as_json:
        print_json(console, answer.raw)
        return
    if not answer.found.events:
        which = "No events were sent" if name is None else f"No event {printable(name)} was sent"
        console.print(f"{which}. Send one with: sluice event send NAME --data JSON")
        return
    made = table("When", "Event", "Id", "From", "What came of it")
    for one in answer.found.events:
        add(made, when(one.received_at), one.name, one.id, one.sender, _came_of_it(one))
    console.print(made)
    if answer.found.next_cursor is not None:
        console.print("There are more: see --limit.")


@event.command()
def unmatched(*, limit: Most = 50, as_json: Json = False) -> None:
    """List names that no family knew when such an event came, and how many came."""
    with open_api() as api:
        answer = api.get(UnmatchedEventsAnswer, f"{PATH}/unmatched", limit=limit)
    console = open_console()
    if as_json:
        print_json(console, answer.raw)
        return
    if not answer.found.names:
        console.print("A family knew the name of every event that came.")
        return
    made = table("Event", "Number", "Last", right=("Number",))
    for one in answer.found.names:
        add(made, one.name, f"{one.count:,}{'' if one.exact else '+'}", when(one.last_at))
    console.print(made)
    if answer.found.next_cursor is not None:
        console.print("There are more: see --limit.")


def _came_of_it(event: SentEventView) -> str:
    if event.unmatched:
        return "no family knows it"
    told = [_listed(event.starts), _woke(event), event.detail]
    return "; ".join(part for part in told if part) or "nothing"


def _items(number: int) -> str:
    return "1 item" if number == 1 else f"{number:,} items"


def _woke(event: SentEventView) -> str | None:
    if not event.woke:
        return None
    return f"{_items(event.woke)} went on: {', '.join(event.woken_run_ids)}"


def _listed(starts: Sequence[EventStartView]) -> str:
    return ", ".join(f"{one.family} {one.item_id}: {_stands(one)}" for one in starts)


def _stands(start: EventStartView) -> str:
    if start.run_id is not None:
        return start.run_id
    if start.settled_at is not None:
        return f"refused: {start.detail}"
    return f"waits, due {when(start.due_at)}"
