"""``sluice backfill``: what it would do, and then that."""

from __future__ import annotations

import time
from functools import partial
from typing import Annotated

import typer
from rich.console import Console

from app.cli.api_client import ApiClient, open_api
from app.cli.commands.families import find_family
from app.cli.commands.watch import PAUSED
from app.cli.input.option_group import with_option_group
from app.cli.input.params import parse_params
from app.cli.input.run_options import Body, RunStartOptions
from app.cli.options import (
    DryRun,
    FamilyName,
    Following,
    Force,
    Json,
    Key,
    Param,
    ThroughPauses,
    Yes,
    following,
)
from app.cli.output.console import (
    add,
    is_terminal,
    number,
    open_console,
    print_json,
    printable,
    program,
    table,
)
from app.cli.paths import BACKFILLS, backfill_path
from app.cli.stream_reader import StreamReader
from app.errors import BadInput
from app.schemas.backfills import (
    BackfillAnswer,
    BackfillDryRunAnswer,
    BackfillStartedAnswer,
    BackfillView,
    PartitionCounts,
)
from app.schemas.families import FamilyView
from app.schemas.runs import RunsAnswer
from app.workflows.contract.partitions import MOST_ACTIVE, USUAL_ACTIVE

EVERY = 1.0
"""Seconds between two looks at the progress."""

Since = Annotated[
    str, typer.Option("--from", metavar="DATE", help="Partitions that begin then or later.")
]
Until = Annotated[
    str,
    typer.Option(
        "--to", metavar="DATE", help="Partitions that begin before this; in UTC, as --from."
    ),
]
Missing = Annotated[
    bool, typer.Option("--missing", help="Partitions that never succeeded; the default.")
]
MissingAndFailed = Annotated[
    bool,
    typer.Option("--missing-and-failed", help="Also partitions whose latest run did not succeed."),
]
Everything = Annotated[bool, typer.Option("--all", help="Every partition.")]
MaxActive = Annotated[
    int, typer.Option(metavar="N", min=1, max=MOST_ACTIVE, help="Partitions at once.")
]
Reverse = Annotated[bool, typer.Option("--reverse", help="The latest partition first.")]
WatchBackfill = Annotated[
    bool,
    typer.Option(
        "--watch",
        help="Follow it: exit 0 when it succeeds, 1 when it does not, 3 when it pauses.",
    ),
]

commands = typer.Typer()


@commands.command()
@with_option_group
def backfill(
    family: FamilyName,
    *,
    since: Since,
    until: Until,
    missing: Missing = False,
    missing_and_failed: MissingAndFailed = False,
    everything: Everything = False,
    max_active: MaxActive = USUAL_ACTIVE,
    reverse: Reverse = False,
    force: Force = False,
    param: Param = None,
    options: RunStartOptions,
    dry_run: DryRun = False,
    yes: Yes = False,
    watch: WatchBackfill = False,
    through_pauses: ThroughPauses = False,
    idempotency_key: Key = None,
    as_json: Json = False,
) -> None:
    """Run a family once for each day, hour, month or range that it is cut in."""
    mode = _mode(missing=missing, missing_and_failed=missing_and_failed, everything=everything)
    stops = options.body()
    follow_it = following(watch=watch, through_pauses=through_pauses)
    if dry_run and follow_it:
        raise BadInput("A dry run starts nothing to --watch. Leave one of the two out.")
    with open_api() as api:
        known = find_family(api, family)
        body: Body = {
            "family": family,
            "from": since,
            "to": until,
            "mode": mode,
            "maxActive": max_active,
            "reverse": reverse,
            "force": force,
            "params": parse_params(param or (), known.params),
            **stops,
        }
        if dry_run or not as_json:
            _tell_dry_run(api, known, body, as_json=as_json)
        if dry_run:
            return
        if not (yes or as_json) and is_terminal() and not typer.confirm("Begin?"):
            raise typer.Exit(1)
        backfill_id = _begin(api, body, idempotency_key, follow_it, as_json=as_json)
        if follow_it:
            raise typer.Exit(follow_backfill(api, backfill_id, follow_it, as_json=as_json))


def _tell_dry_run(api: ApiClient, family: FamilyView, body: Body, *, as_json: bool) -> None:
    answer = api.post(BackfillDryRunAnswer, BACKFILLS, {**body, "dryRun": True})
    if as_json:
        print_json(open_console(), answer.raw)
    else:
        _print_dry_run(open_console(), family, answer.found)


def _begin(
    api: ApiClient, body: Body, key: str | None, follow_it: Following, *, as_json: bool
) -> str:
    """Begin it, and say so unless it is followed as JSON. Returns its id."""
    begun = api.post(BackfillStartedAnswer, BACKFILLS, body, key=key)
    backfill_id = begun.found.backfill_id
    if not as_json:
        verb = "An earlier call with this key had begun" if begun.replayed else "Began"
        where = f" Follow it with: {program()} backfills watch {backfill_id}"
        hint = "" if follow_it else where
        open_console().print(
            f"{verb} {backfill_id} over {begun.found.partitions} partitions.{hint}"
        )
    elif not follow_it:
        print_json(open_console(), begun.raw)
    return backfill_id


def _mode(*, missing: bool, missing_and_failed: bool, everything: bool) -> str:
    if missing + missing_and_failed + everything > 1:
        raise BadInput("Name one of --missing, --missing-and-failed and --all.")
    if everything:
        return "all"
    return "missing-and-failed" if missing_and_failed else "missing"


def follow_backfill(api: ApiClient, backfill_id: str, how: Following, *, as_json: bool) -> int:
    """Tell where it stands, until it has ended or waits for somebody. Returns the exit code."""
    console = open_console()

    def say(sentence: str) -> None:
        if not as_json:
            console.print(printable(sentence))

    reader = StreamReader(api, say)
    said = ""
    while True:
        answer = reader.ask(partial(api.get, BackfillAnswer, backfill_path(backfill_id)))
        found = answer.found
        if standing(found) != said:
            said = standing(found)
            say(said)
        if found.backfill.finished_at is not None:
            break
        waits = how is not Following.THROUGH_PAUSES and reader.ask(
            partial(_waits, api, found.backfill)
        )
        if waits:
            if as_json:
                print_json(console, answer.raw)
            say(f"It waits for somebody: {program()} backfills show {backfill_id}")
            return PAUSED
        time.sleep(EVERY)
    if as_json:
        print_json(console, answer.raw)
    return 0 if found.backfill.status == "succeeded" else 1


def _waits(api: ApiClient, backfill: BackfillView) -> bool:
    """Whether it cannot go on before somebody resumes it, or the runs that it has begun."""
    parts = backfill.partitions
    may_begin = parts.waiting and parts.active < backfill.max_active
    if backfill.status == "running" and (may_begin or not parts.active):
        return False
    if not parts.active:
        return backfill.status == "paused"
    paused = api.get(RunsAnswer, "/api/runs", backfill=backfill.id, status="paused", limit=200)
    return len(paused.found.runs) == parts.active


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


def ended(partitions: PartitionCounts) -> int:
    return partitions.total - partitions.waiting - partitions.active


def standing(found: BackfillAnswer) -> str:
    """Where it stands."""
    parts, items = found.backfill.partitions, found.items
    others = parts.partial + parts.failed + parts.cancelled
    return (
        f"{found.backfill.status:<11} {ended(parts)} of {parts.total} partitions,"
        f" {parts.active} active, {others} not succeeded;"
        f" items: {number(items.succeeded)} succeeded,"
        f" {number(items.failed + items.timed_out)} failed, {number(items.skipped)} skipped"
    )
