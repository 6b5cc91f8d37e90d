"""``sluice backfills``: what there is, what became of one, and controlling it."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.api_client import open_api
from app.cli.commands.backfill import ended, follow_backfill, standing
from app.cli.options import Json, Note, OfFamily, ThroughPauses, following
from app.cli.output.console import (
    add,
    open_console,
    print_done,
    print_json,
    print_pages,
    printable,
    table,
    when,
)
from app.cli.paths import BACKFILLS, backfill_path, noted
from app.schemas.backfills import BackfillAnswer, BackfillsAnswer, PartitionsAnswer

BackfillId = Annotated[
    str, typer.Argument(metavar="BACKFILL", help="Which backfill: see sluice backfills.")
]

commands = typer.Typer()
backfills = typer.Typer(
    help="List backfills, follow one, and control it.", invoke_without_command=True
)
commands.add_typer(backfills, name="backfills")


@backfills.callback()
def list_backfills(
    context: typer.Context,
    *,
    family: OfFamily = None,
    as_json: Json = False,
) -> None:
    """List backfills, the newest first; or do something with one."""
    if context.invoked_subcommand is not None:
        if family is not None:
            raise typer.BadParameter("it is for the list alone.", param_hint="--family")
        return
    with open_api() as api:
        answer = api.get(BackfillsAnswer, BACKFILLS, family=family)
    console = open_console()
    if as_json:
        print_json(console, answer.raw)
        return
    if not answer.found.backfills:
        console.print("There are no such backfills yet.")
        return
    numbers = ("Ended", "Of", "Succeeded")
    made = table(
        *("Backfill", "Family", "Status", "From", "To", "Mode"),
        *(*numbers, "Started by", "Created"),
        right=numbers,
    )
    for one in answer.found.backfills:
        parts = one.partitions
        add(
            made,
            *(one.id, one.family, one.status),
            *(f"{one.since:%Y-%m-%d %H:%M}", f"{one.until:%Y-%m-%d %H:%M}", one.mode),
            *(ended(parts), parts.total, parts.succeeded, one.started_by, when(one.created_at)),
        )
    console.print(made)


@backfills.command("show")
def show_backfill(backfill_id: BackfillId, *, as_json: Json = False) -> None:
    """Show what became of each partition, and its run."""
    with open_api() as api:
        answer = api.get(BackfillAnswer, backfill_path(backfill_id))
        pages = list(api.pages(PartitionsAnswer, backfill_path(backfill_id, "partitions")))
    console = open_console()
    if as_json:
        print_pages(console, "partitions", (page.raw for page in pages), beside=answer.raw)
        return
    made = table("Partition", "Status", "Run")
    for one in (partition for page in pages for partition in page.found.partitions):
        add(made, one.key, one.status, one.run_id)
    console.print(made)
    console.print(printable(standing(answer.found)))


@backfills.command("watch")
def watch_backfill(
    backfill_id: BackfillId, *, through_pauses: ThroughPauses = False, as_json: Json = False
) -> None:
    """Follow a backfill: exit 0 when it succeeds, 1 when it does not, 3 when it pauses."""
    how = following(watch=True, through_pauses=through_pauses)
    with open_api() as api:
        raise typer.Exit(follow_backfill(api, backfill_id, how, as_json=as_json))


@backfills.command("pause")
def pause_backfill(backfill_id: BackfillId, *, note: Note = None, as_json: Json = False) -> None:
    """Begin no further partition; the runs of those that are active go on."""
    _act(backfill_id, "pause", note, as_json=as_json)


@backfills.command("resume")
def resume_backfill(backfill_id: BackfillId, *, note: Note = None, as_json: Json = False) -> None:
    """Let partitions begin again."""
    _act(backfill_id, "resume", note, as_json=as_json)


@backfills.command("cancel")
def cancel_backfill(backfill_id: BackfillId, *, note: Note = None, as_json: Json = False) -> None:
    """Begin no further partition, and cancel the runs of those that are active."""
    _act(backfill_id, "cancel", note, as_json=as_json)


def _act(backfill_id: str, action: str, note: str | None, *, as_json: bool) -> None:
    with open_api() as api:
        answer = api.post(BackfillAnswer, backfill_path(backfill_id, action), noted(note))
    found = answer.found
    sentence = printable(f"{found.backfill.id} {standing(found)}")
    print_done(answer.raw, sentence, as_json=as_json)
