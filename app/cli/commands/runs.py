"""``sluice runs``, ``failures``, ``events`` and ``audit``: what runs there are, what happened to
one, and who did what."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from pydantic import JsonValue

from app.cli.api_client import open_api
from app.cli.file_printer import file_of, print_file
from app.cli.options import Csv, Json, Most, Ndjson, OfFamily, RunId
from app.cli.output.changes import differences
from app.cli.output.console import (
    add,
    number,
    open_console,
    print_json,
    print_pages,
    printable,
    program,
    table,
    when,
)
from app.cli.output.run_summary import held_up_by, total_of
from app.cli.paths import run_path
from app.errors import BadInput
from app.schemas.audit import COLUMNS, AuditAnswer, AuditEntryView, cells
from app.schemas.events import EventsAnswer, EventView
from app.schemas.failures import FailuresAnswer
from app.schemas.runs import RunsAnswer
from app.spreadsheet.csv_lines import csv_lines
from app.store.monitoring.audit_actions import AuditSubject

commands = typer.Typer()


@commands.command()
def runs(
    *,
    family: OfFamily = None,
    status: Annotated[
        str | None, typer.Option(help="Only in this status, such as running or failed.")
    ] = None,
    follows: Annotated[
        str | None, typer.Option(metavar="RUN", help="Only those that began by this run.")
    ] = None,
    limit: Most = 20,
    as_json: Json = False,
) -> None:
    """List runs, the newest first."""
    with open_api() as api:
        asked = {"family": family, "status": status, "follows": follows}
        answer = api.get(RunsAnswer, "/api/runs", **asked, limit=limit)
    console = open_console()
    if as_json:
        print_json(console, answer.raw)
        return
    if not answer.found.runs:
        console.print("There are no such runs yet.")
        return
    numbers = ("Ended", "Of", "Failed")
    made = table(
        "Run", "Family", "Status", *numbers, "Started by", "Created", "Reason", right=numbers
    )
    for one in answer.found.runs:
        failed = one.counters.failed + one.counters.timed_out
        reason = held_up_by(one) or one.detail
        add(
            made,
            *(one.id, one.family, one.status),
            *(number(one.ended), number(total_of(one)), number(failed)),
            *(one.started_by, when(one.created_at), reason),
        )
    console.print(made)


@commands.command()
def failures(
    run_id: RunId,
    *,
    group: Annotated[
        str | None, typer.Option(help="In a file: only this group of failures.")
    ] = None,
    as_json: Json = False,
    as_csv: Csv = False,
    as_ndjson: Ndjson = False,
) -> None:
    """List what failed in a run, grouped by what the errors say; or all of it, item by item."""
    file = file_of("failures", as_json=as_json, as_csv=as_csv, as_ndjson=as_ndjson)
    if file is None and group is not None:
        raise BadInput("--group goes with --csv and --ndjson: the list has every group.")
    with open_api() as api:
        if file is not None:
            print_file(api, run_path(run_id, file), {"group": group})
            return
        answer = api.get(FailuresAnswer, run_path(run_id, "failures"))
    console = open_console()
    if as_json:
        print_json(console, answer.raw)
        return
    found = answer.found
    if not found.failures:
        console.print("Nothing failed.")
        return
    made = table("Items", "Group", "Error", "Message", "Last", "For example", right=("Items",))
    for one in found.failures:
        add(
            made,
            *(number(one.count), one.group, one.error_class, one.message),
            *(when(one.last_at), ", ".join(one.samples[:2])),
        )
    console.print(made)
    console.print(f"{number(found.total)} items failed. Try those of one group once more with:")
    console.print(f"{program()} retry {printable(run_id)} --group GROUP")


@commands.command()
def events(run_id: RunId, *, as_json: Json = False) -> None:
    """List what happened to a run, and who did it."""
    with open_api() as api:
        pages = list(api.pages(EventsAnswer, run_path(run_id, "events")))
    console = open_console()
    if as_json:
        print_pages(console, "events", (page.raw for page in pages))
        return
    made = table("At", "Kind", "Who", "Reason", "Detail", "Note")
    for one in (event for page in pages for event in page.found.events):
        add(made, when(one.at), one.kind, one.who, one.reason, one.detail or _data(one), one.note)
    console.print(made)


def _data(event: EventView) -> str | None:
    if event.data is None:
        return None
    plain = {name: value for name, value in event.data.items() if name not in ("before", "after")}
    told = [f"{name}: {value}" for name, value in plain.items()]
    return ", ".join([*told, *differences(event.data.get("before"), event.data.get("after"))])


@commands.command()
def audit(
    *,
    subject: Annotated[
        AuditSubject | None, typer.Option(help="Only what was done to these.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Only to this flow key, run, backfill or schedule.")
    ] = None,
    who: Annotated[str | None, typer.Option(help="Only what was done with this token.")] = None,
    action: Annotated[
        str | None, typer.Option(help="Only this action, such as run_cancelled or flow_pinned.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="MOMENT", help="Only from this time on.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="MOMENT", help="Only before this time.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=50_000, help="How many at most.")] = 50,
    as_json: Json = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, with all fields.")] = False,
) -> None:
    """List who did what to runs, backfills, flow keys, schedules and targets, when, and why."""
    if as_json and as_csv:
        raise typer.BadParameter("choose one of the two.", param_hint="--json, --csv")
    asked = {"subject": subject, "name": name, "who": who, "action": action}
    found: list[AuditEntryView] = []
    raw: list[JsonValue] = []
    with open_api() as api:
        pages = api.pages(AuditAnswer, "/api/audit", **asked, **{"from": since, "to": until})
        for page in pages:
            found += page.found.entries
            raw += json.loads(page.raw)["entries"]
            if len(found) >= limit:
                break
    if as_csv:
        sys.stdout.write(csv_lines([COLUMNS, *map(cells, found[:limit])]))
    elif as_json:
        whole = {"success": True, "entries": raw[:limit]}
        print_json(open_console(), json.dumps(whole).encode())
    else:
        _print_audit(found[:limit])


def _print_audit(entries: Sequence[AuditEntryView]) -> None:
    made = table("At", "Who", "Did", "To", "What changed", "Note")
    for one in entries:
        changed = ", ".join(differences(one.before, one.after)) or one.detail
        add(made, when(one.at), one.who, one.action, _changed_name(one), changed, one.note)
    open_console().print(made if entries else "Nothing of that kind was done.")


def _changed_name(entry: AuditEntryView) -> str:
    """A pin of one partition says nothing of the others of its flow key."""
    partition = (entry.after or entry.before or {}).get("partition")
    return entry.name if partition is None else f"{entry.name}, partition {partition}"
