"""``sluice backfill`` and ``sluice backfills``, and their options."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.options import FamilyName, Json, Key, MaxFailureRate, Param, ThroughPauses, following

BackfillId = Annotated[
    str, typer.Argument(metavar="BACKFILL", help="Which backfill: see sluice backfills.")
]


def backfill(
    family: FamilyName,
    *,
    since: Annotated[
        str, typer.Option("--from", metavar="DATE", help="Partitions that begin then or later.")
    ],
    until: Annotated[
        str, typer.Option("--to", metavar="DATE", help="And before this, in UTC as --from is.")
    ],
    missing: Annotated[
        bool, typer.Option("--missing", help="What never succeeded; so it is unless said.")
    ] = False,
    missing_and_failed: Annotated[
        bool, typer.Option("--missing-and-failed", help="Also what did not succeed the last time.")
    ] = False,
    everything: Annotated[bool, typer.Option("--all", help="Every partition.")] = False,
    max_active: Annotated[
        int, typer.Option(metavar="N", min=1, max=100, help="Partitions at once.")
    ] = 3,
    reverse: Annotated[bool, typer.Option("--reverse", help="The latest partition first.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also items that already have a result.")
    ] = False,
    param: Param = None,
    max_failure_rate: MaxFailureRate = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would happen, and start nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask on a terminal.")] = False,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="Follow it: exit 0 when it succeeds, 1 when it does not, 3 when it pauses.",
        ),
    ] = False,
    through_pauses: ThroughPauses = False,
    idempotency_key: Key = None,
    as_json: Json = False,
) -> None:
    """Run a family once for each day, hour, month or range that it is cut in."""
    from app.cli.commands.backfilling import BackfillOptions, begin, mode_of  # noqa: PLC0415 - lazily: see commands

    order = BackfillOptions(
        family,
        since,
        until,
        mode_of(missing=missing, missing_and_failed=missing_and_failed, everything=everything),
        max_active,
        tuple(param or ()),
        reverse=reverse,
        force=force,
        max_failure_rate=max_failure_rate,
        key=idempotency_key,
    )
    follow_it = following(watch=watch, through_pauses=through_pauses)
    raise typer.Exit(begin(order, dry_run=dry_run, yes=yes, follow_it=follow_it, as_json=as_json))


backfills = typer.Typer(
    help="List backfills, follow one, and control it.", invoke_without_command=True
)


@backfills.callback()
def list_backfills(
    context: typer.Context,
    *,
    family: Annotated[str | None, typer.Option(help="Only of this family.")] = None,
    as_json: Json = False,
) -> None:
    """List backfills, the newest first; or do something with one."""
    from app.cli.commands.backfill_lists import list_backfills  # noqa: PLC0415

    if context.invoked_subcommand is None:
        list_backfills(family=family, as_json=as_json)


@backfills.command("show")
def show_backfill(backfill_id: BackfillId, *, as_json: Json = False) -> None:
    """Show what became of each partition, and its run."""
    from app.cli.commands.backfill_lists import show_backfill  # noqa: PLC0415

    show_backfill(backfill_id, as_json=as_json)


@backfills.command("watch")
def watch_backfill(
    backfill_id: BackfillId, *, through_pauses: ThroughPauses = False, as_json: Json = False
) -> None:
    """Follow a backfill: exit 0 when it succeeds, 1 when it does not, 3 when it pauses."""
    from app.cli.commands.backfilling import watch_backfill  # noqa: PLC0415

    how = following(watch=True, through_pauses=through_pauses)
    raise typer.Exit(watch_backfill(backfill_id, how, as_json=as_json))


@backfills.command("pause")
def pause_backfill(backfill_id: BackfillId, *, as_json: Json = False) -> None:
    """Begin no further partition; the runs of those that are active go on."""
    from app.cli.commands.backfill_lists import act  # noqa: PLC0415

    act(backfill_id, "pause", as_json=as_json)


@backfills.command("resume")
def resume_backfill(backfill_id: BackfillId, *, as_json: Json = False) -> None:
    """Let partitions begin again."""
    from app.cli.commands.backfill_lists import act  # noqa: PLC0415

    act(backfill_id, "resume", as_json=as_json)


@backfills.command("cancel")
def cancel_backfill(backfill_id: BackfillId, *, as_json: Json = False) -> None:
    """Begin no further partition, and cancel the runs of those that are active."""
    from app.cli.commands.backfill_lists import act  # noqa: PLC0415

    act(backfill_id, "cancel", as_json=as_json)
