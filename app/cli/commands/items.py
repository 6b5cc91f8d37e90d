"""``sluice items``, ``item`` and ``output``: what became of items, of one its steps in the order in
which they came, and what it writes while it is at work."""

from __future__ import annotations

import json
import shlex
from contextlib import closing
from typing import Annotated

import typer
from pydantic import JsonValue
from rich.console import Console
from rich.text import Text

from app.cli.api_client import ApiClient, open_api
from app.cli.file_printer import file_of, print_file
from app.cli.options import Csv, ItemId, Json, Ndjson, RunId
from app.cli.output.console import (
    add,
    duration,
    open_console,
    print_json,
    print_pages,
    printable,
    program,
    summary,
    table,
    when,
)
from app.cli.output.run_summary import seconds_of
from app.cli.paths import item_path, run_path
from app.cli.stream_reader import PATIENCE, StreamReader
from app.schemas.items import (
    AtWorkView,
    ChunksAnswer,
    ChunkView,
    ItemAnswer,
    ItemsAnswer,
    ItemView,
    StepView,
    StreamEndView,
)
from app.store.statuses import ItemStatus

_FINE = ("succeeded", "skipped")

commands = typer.Typer()


@commands.command()
def items(
    run_id: RunId,
    *,
    status: Annotated[
        ItemStatus | None, typer.Option(help="Only in this status, such as failed.")
    ] = None,
    limit: Annotated[
        int, typer.Option(min=1, max=200, help="How many at most; a file has all of them.")
    ] = 50,
    as_json: Json = False,
    as_csv: Csv = False,
    as_ndjson: Ndjson = False,
) -> None:
    """List the items of a run by id, with what came of each; or all of them as a file."""
    file = file_of("items", as_json=as_json, as_csv=as_csv, as_ndjson=as_ndjson)
    with open_api() as api:
        if file is not None:
            print_file(api, run_path(run_id, file), {"status": status})
            return
        answer = api.get(ItemsAnswer, run_path(run_id, "items"), status=status, limit=limit)
    console = open_console()
    if as_json:
        print_json(console, answer.raw)
        return
    made = table("Item", "Status", "Attempts", "Ended", "What came of it", right=("Attempts",))
    for one in answer.found.items:
        ended = None if one.finished_at is None else when(one.finished_at)
        what = "(large)" if one.result_omitted else one.error_message or summary(one.result)
        add(made, one.item_id, one.status, one.attempts, ended, what)
    console.print(made if answer.found.items else "There are no such items.")
    if answer.found.next_cursor is not None:
        console.print("There are more: see --limit, --csv and --ndjson.")


@commands.command()
def item(run_id: RunId, item_id: ItemId, *, as_json: Json = False) -> None:
    """Show what became of an item, its steps, and how long each took."""
    with open_api() as api:
        answer = api.get(ItemAnswer, item_path(run_id, item_id))
    if as_json:
        print_json(open_console(), answer.raw)
    else:
        _print_item(open_console(), run_id, answer.found)


def _print_item(console: Console, run_id: str, found: ItemAnswer) -> None:
    item = found.item
    console.print(printable(_sentence(item)))
    if item.error_message is not None:
        kind = "" if item.error_class is None else f"{item.error_class}: "
        console.print(printable(f"{kind}{item.error_message}"), soft_wrap=True)
    if found.at_work is not None:
        _print_work(console, found.at_work)
    if found.steps:
        _print_steps(console, found.steps)
    if any(step.status == "suspended" for step in found.steps) and item.status == "suspended":
        console.print("Answer it with:")
        console.print(
            printable(f"{program()} answer {run_id} {shlex.quote(item.item_id)} NAME=VALUE …"),
            soft_wrap=True,
        )
    if item.result is not None:
        for line in json.dumps(item.result, indent=2, ensure_ascii=False).split("\n"):
            console.print(Text(printable(line)), soft_wrap=True)


def _print_work(console: Console, work: AtWorkView) -> None:
    since = f"since {when(work.since)}"
    where = printable(f"{work.host} ({work.worker})")
    console.print(f"At work {since}, attempt {work.attempt}, on {where}", soft_wrap=True)
    for step in work.steps:
        began = f"since {when(step.since)}, try {step.attempt}"
        console.print(printable(f"  step {step.name} {began}"), soft_wrap=True)


def _sentence(item: ItemView) -> str:
    attempts = f"{item.attempts} attempt{'' if item.attempts == 1 else 's'}"
    ended = "" if item.finished_at is None else f" at {when(item.finished_at)}"
    return f"{item.item_id} {item.status}{ended}, {attempts}"


def _print_steps(console: Console, steps: list[StepView]) -> None:
    numbers = ("Tries", "Took")
    made = table("Began", "Step", "Kind", "Status", *numbers, "What", right=numbers)
    for step in steps:
        seconds = seconds_of(step)
        add(
            made,
            *(when(step.started_at), step.name, step.kind, step.status),
            *(step.attempts or None, None if seconds is None else _took(seconds), _what(step)),
        )
    console.print(made)


def _took(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else duration(seconds)


def _what(step: StepView) -> str | None:
    """What a reader asks first: what went wrong, what it waits for, or what came of it."""
    if step.status != "done":
        until = "" if step.due_at is None else f"until {when(step.due_at)}"
        error = None if step.error_class is None else f"{step.error_class}: {step.error_message}"
        about = error or step.child_run_id or _batch(step) or _awaited(step)
        about = about or summary(step.payload)
        return ", ".join(part for part in (until, about) if part) or None
    if step.answered_by is not None:
        return f"by {step.answered_by}: {summary(step.result)}"
    return step.child_run_id or summary(step.payload) or summary(step.result)


def _batch(step: StepView) -> str | None:
    """The provider's batch for which it waits."""
    if step.batch is None or step.batch.id is None:
        return None
    return f"batch {step.batch.id}: {step.batch.state}"


def _awaited(step: StepView) -> str | None:
    """Of a step that waits for an event."""
    if step.kind != "event" or not isinstance(step.payload, dict):
        return None
    return "waits for event {event} with {match} = {value}".format_map(step.payload)


@commands.command()
def output(
    run_id: RunId,
    item_id: ItemId,
    *,
    follow: Annotated[
        bool,
        typer.Option("--follow", help="Follow until the item ends; exit 1 unless it succeeds."),
    ] = False,
    as_json: Json = False,
) -> None:
    """Print what an item has written to its stream."""
    console = open_console()
    path = item_path(run_id, item_id, "stream")
    with open_api() as api:
        if follow:
            status = follow_output(api, path, Printer(console, as_json=as_json))
            if not as_json:
                console.print(printable(f"{item_id} {status or 'is gone'}"))
            raise typer.Exit(0 if status in _FINE else 1)
        pages = list(api.pages(ChunksAnswer, path))
    if as_json:
        print_pages(console, "chunks", (page.raw for page in pages))
        return
    printer = Printer(console, as_json=False)
    for chunk in (chunk for page in pages for chunk in page.found.chunks):
        printer.show(chunk, None)
    if not any(page.found.chunks for page in pages):
        console.print("It has written nothing.")


class Printer:
    """A chunk is a line, or several: a text as it is, anything else as JSON."""

    def __init__(self, console: Console, *, as_json: bool) -> None:
        self._console = console
        self._as_json = as_json
        self._attempt = 1

    def show(self, chunk: ChunkView, raw: JsonValue) -> None:
        """``raw``: as it was sent, of which scripts get each on a line."""
        if self._as_json:
            self._line(json.dumps(raw, ensure_ascii=False))
            return
        if chunk.attempt != self._attempt:
            self._attempt = chunk.attempt
            self._line(f"— attempt {chunk.attempt} —")
        data = chunk.data
        text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
        for line in text.split("\n"):
            self._line(line)

    def _line(self, text: str) -> None:
        self._console.print(Text(printable(text)), soft_wrap=True)


def follow_output(
    api: ApiClient, path: str, printer: Printer, *, patience: float = PATIENCE
) -> str | None:
    """Until the item has its outcome, which is returned; None: it was deleted meanwhile.

    Raises:
        Unavailable: the service has been away for so long, or was not there at all.
        CallRefused: there is no such item.
    """
    reader = StreamReader(api, patience=patience)
    with closing(reader.messages(path)) as messages:
        for message in messages:
            if message.event == "ended":
                return api.read(StreamEndView, message.data).status
            printer.show(api.read(ChunkView, message.data), json.loads(message.data))
    return None
