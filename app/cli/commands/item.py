"""``sluice item``: what became of an item, and its steps in the order in which they came."""

from __future__ import annotations

import asyncio
import json
import shlex

from rich.console import Console
from rich.text import Text

from app.cli.api_client import item_path, open_api
from app.cli.output.console import (
    add,
    duration,
    open_console,
    print_json,
    printable,
    program,
    summary,
    table,
    when,
)
from app.cli.output.run_summary import seconds_of
from app.schemas.items import ItemAnswer, ItemView, StepView
from app.settings import load_settings


def show_item(run_id: str, item_id: str, *, as_json: bool) -> None:
    answer, found = asyncio.run(_item(run_id, item_id))
    console = open_console()
    if as_json:
        print_json(console, answer)
    else:
        print_item(console, run_id, found)


async def _item(run_id: str, item_id: str) -> tuple[bytes, ItemAnswer]:
    async with open_api(load_settings()) as api:
        answer = await api.get(item_path(run_id, item_id))
        return answer, api.read(ItemAnswer, answer)


def print_item(console: Console, run_id: str, found: ItemAnswer) -> None:
    item = found.item
    console.print(printable(_sentence(item)))
    if item.error_message is not None:
        kind = "" if item.error_class is None else f"{item.error_class}: "
        console.print(printable(f"{kind}{item.error_message}"), soft_wrap=True)
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
            when(step.started_at),
            step.name,
            step.kind,
            step.status,
            step.attempts or None,
            None if seconds is None else _took(seconds),
            _what(step),
        )
    console.print(made)


def _took(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else duration(seconds)


def _what(step: StepView) -> str | None:
    """What a reader asks first: what went wrong, what it waits for, or what came of it."""
    if step.status != "done":
        until = "" if step.due_at is None else f"until {when(step.due_at)}"
        error = None if step.error_class is None else f"{step.error_class}: {step.error_message}"
        about = error or step.child_run_id or summary(step.payload)
        return ", ".join(part for part in (until, about) if part) or None
    if step.answered_by is not None:
        return f"by {step.answered_by}: {summary(step.result)}"
    return step.child_run_id or summary(step.payload) or summary(step.result)
