"""``sluice backfill``: what it would do, and then that."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass

import typer
from pydantic import JsonValue
from rich.console import Console

from app.cli.api_client import ApiClient, open_api
from app.cli.commands.jobs import find
from app.cli.commands.watch import PAUSED
from app.cli.input.params import parse_params
from app.cli.options import Following
from app.cli.output.backfill_line import PATH, backfill_path, standing
from app.cli.output.console import add, number, open_console, print_json, printable, program, table
from app.errors import BadInput
from app.schemas.backfills import (
    BackfillAnswer,
    BackfillDryRunAnswer,
    BackfillStartedAnswer,
    BackfillView,
)
from app.schemas.families import FamilyView
from app.schemas.runs import RunsAnswer
from app.settings import load_settings

EVERY = 1.0
"""Seconds between two looks at the progress."""


@dataclass(frozen=True, slots=True)
class BackfillOptions:
    family: str
    since: str
    until: str
    mode: str
    max_active: int
    params: tuple[str, ...] = ()
    reverse: bool = False
    force: bool = False
    max_failure_rate: float | None = None
    key: str | None = None

    def body(self, family: FamilyView) -> dict[str, JsonValue]:
        body: dict[str, JsonValue] = {
            "family": self.family,
            "from": self.since,
            "to": self.until,
            "mode": self.mode,
            "maxActive": self.max_active,
            "reverse": self.reverse,
            "force": self.force,
            "params": parse_params(self.params, family.params),
        }
        if self.max_failure_rate is not None:
            body["maxFailureRate"] = self.max_failure_rate
        return body


def mode_of(*, missing: bool, missing_and_failed: bool, everything: bool) -> str:
    if missing + missing_and_failed + everything > 1:
        raise BadInput("Name one of --missing, --missing-and-failed and --all.")
    if everything:
        return "all"
    return "missing-and-failed" if missing_and_failed else "missing"


def begin(
    order: BackfillOptions, *, dry_run: bool, yes: bool, follow_it: Following, as_json: bool
) -> int:
    """The exit code."""
    if dry_run and follow_it:
        raise BadInput("A dry run starts nothing to --watch. Leave one of the two out.")
    asks = not (yes or as_json) and sys.stdin.isatty() and sys.stdout.isatty()
    return asyncio.run(_begin(order, dry_run, asks=asks, follow_it=follow_it, as_json=as_json))


async def _begin(
    order: BackfillOptions, dry_run: bool, *, asks: bool, follow_it: Following, as_json: bool
) -> int:
    console = open_console()
    async with open_api(load_settings()) as api:
        family = await find(api, order.family)
        body = order.body(family)
        if dry_run or not as_json:
            answer = await api.post(PATH, {**body, "dryRun": True})
            if as_json:
                print_json(console, answer)
            else:
                _print_dry_run(console, family, api.read(BackfillDryRunAnswer, answer))
        if dry_run:
            return 0
        if asks and not typer.confirm("Begin?"):
            return 1
        answer, replayed = await api.start(PATH, body, order.key)
        begun = api.read(BackfillStartedAnswer, answer)
        if as_json and not follow_it:
            print_json(console, answer)
        elif not as_json:
            verb = "An earlier call with this key had begun" if replayed else "Began"
            hint = (
                ""
                if follow_it
                else f" Follow it with: {program()} backfills watch {begun.backfill_id}"
            )
            console.print(f"{verb} {begun.backfill_id} over {begun.partitions} partitions.{hint}")
        if follow_it:
            return await _follow(api, console, begun.backfill_id, follow_it, as_json=as_json)
        return 0


def watch_backfill(backfill_id: str, how: Following, *, as_json: bool) -> int:
    """The exit code."""
    return asyncio.run(_watch(backfill_id, how, as_json=as_json))


async def _watch(backfill_id: str, how: Following, *, as_json: bool) -> int:
    async with open_api(load_settings()) as api:
        return await _follow(api, open_console(), backfill_id, how, as_json=as_json)


async def _follow(
    api: ApiClient, console: Console, backfill_id: str, how: Following, *, as_json: bool
) -> int:
    said = ""
    while True:
        answer = await api.get(backfill_path(backfill_id))
        found = api.read(BackfillAnswer, answer)
        if not as_json and standing(found) != said:
            said = standing(found)
            console.print(printable(said))
        if found.backfill.finished_at is not None:
            break
        if how is not Following.THROUGH_PAUSES and await _waits(api, found.backfill):
            if as_json:
                print_json(console, answer)
            else:
                console.print(f"It waits for somebody: {program()} backfills show {backfill_id}")
            return PAUSED
        await asyncio.sleep(EVERY)
    if as_json:
        print_json(console, answer)
    return 0 if found.backfill.status == "succeeded" else 1


async def _waits(api: ApiClient, backfill: BackfillView) -> bool:
    """Whether it cannot go on before somebody resumes it, or the runs that it has begun."""
    parts = backfill.partitions
    may_begin = parts.waiting and parts.active < backfill.max_active
    if backfill.status == "running" and (may_begin or not parts.active):
        return False
    if not parts.active:
        return backfill.status == "paused"
    answer = await api.get("/api/runs", backfill=backfill.id, status="paused", limit=200)
    return len(api.read(RunsAnswer, answer).runs) == parts.active


def _print_dry_run(console: Console, family: FamilyView, found: BackfillDryRunAnswer) -> None:
    about = "" if found.exact else "about "
    made = table("Dry run", printable(family.name), right=[printable(family.name)])
    add(made, "partitions to run", number(found.partitions))
    add(made, "partitions done before", number(found.done))
    add(made, "first", found.first)
    add(made, "last", found.last)
    add(made, f"{family.entities} eligible", about + number(found.total_eligible))
    add(made, "to process", about + number(found.to_process))
    console.print(made)
    console.print(printable(found.message))
