"""The commands that start work through the API, and their options."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.options import (
    Approval,
    BudgetTokens,
    BudgetUsd,
    FamilyName,
    ItemId,
    Json,
    Key,
    MaxFailureRate,
    Param,
    RunId,
    ThroughPauses,
    Watch,
    following,
)


def run(
    family: FamilyName,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Tell what would happen, and start nothing.")
    ] = False,
    param: Param = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Items at most.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Also items that already have a result.")
    ] = False,
    item_id: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Exactly this item; may be repeated.")
    ] = None,
    items_from: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Exactly these, an id a line; -: standard input."),
    ] = None,
    canary: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, max=1_000, help="N items first, then pause to be looked at."
        ),
    ] = None,
    auto_promote: Annotated[
        bool, typer.Option("--auto-promote", help="Go on by itself after a canary that went well.")
    ] = False,
    ramp_start: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Begin with N items at once, and grow.")
    ] = None,
    ramp_factor: Annotated[
        float | None, typer.Option(metavar="X", help="Grow by this factor each time; else by 2.")
    ] = None,
    ramp_every: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Grow so often, such as 60s, which it is else."),
    ] = None,
    budget_usd: BudgetUsd = None,
    budget_tokens: BudgetTokens = None,
    max_failure_rate: MaxFailureRate = None,
    deadline: Annotated[
        str | None, typer.Option(metavar="TIME", help="Pause after so long, such as 90s or 2h.")
    ] = None,
    approval: Approval = False,
    idempotency_key: Key = None,
    watch: Watch = False,
    through_pauses: ThroughPauses = False,
    as_json: Json = False,
) -> None:
    """Start a run of a family through the API, or only count with --dry-run."""
    from app.cli.commands.jobs import StartOptions, start  # noqa: PLC0415
    from app.cli.input.run_options import options  # noqa: PLC0415 - lazily: see commands

    order = StartOptions(
        family,
        tuple(param or ()),
        limit,
        tuple(item_id or ()),
        items_from,
        force=force,
        dry_run=dry_run,
        options=options(
            canary=canary,
            auto_promote=auto_promote,
            ramp=(ramp_start, ramp_factor, ramp_every),
            budget=(budget_usd, budget_tokens),
            max_failure_rate=max_failure_rate,
            deadline=deadline,
            approval=approval,
        ),
        key=idempotency_key,
    )
    raise typer.Exit(
        start(
            order, follow_it=following(watch=watch, through_pauses=through_pauses), as_json=as_json
        )
    )


def preview(
    family: FamilyName,
    item_id: ItemId,
    *,
    param: Param = None,
    as_json: Json = False,
) -> None:
    """Execute one item and save nothing: show its result, or how it differs from what is stored."""
    from app.cli.commands.previewing import preview_item  # noqa: PLC0415

    preview_item(family, item_id, tuple(param or ()), as_json=as_json)


def retry(
    run_id: RunId,
    *,
    status: Annotated[
        list[str] | None,
        typer.Option(metavar="OUTCOME", help="Such as failed or succeeded; may be repeated."),
    ] = None,
    error_class: Annotated[str | None, typer.Option(help="Only what failed with this.")] = None,
    group: Annotated[str | None, typer.Option(help="Only this group: see sluice failures.")] = None,
    item_id: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only this item; may be repeated.")
    ] = None,
    approval: Approval = False,
    idempotency_key: Key = None,
    watch: Watch = False,
    through_pauses: ThroughPauses = False,
    as_json: Json = False,
) -> None:
    """Start a run over what failed in an earlier one, or over other items of it."""
    from app.cli.commands.control import RetryOptions, retry_run  # noqa: PLC0415

    choice = RetryOptions(
        tuple(status or ()), error_class, group, tuple(item_id or ()), approval=approval
    )
    raise typer.Exit(
        retry_run(
            run_id,
            choice,
            key=idempotency_key,
            follow_it=following(watch=watch, through_pauses=through_pauses),
            as_json=as_json,
        )
    )
