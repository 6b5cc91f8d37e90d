"""The commands that watch, control and list runs through the API, and their options."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.commands.start_commands import preview, retry, run
from app.cli.options import (
    BudgetTokens,
    BudgetUsd,
    Json,
    MaxFailureRate,
    RunId,
    ThroughPauses,
    following,
)


def watch(run_id: RunId, *, through_pauses: ThroughPauses = False, as_json: Json = False) -> None:
    """Follow a run: exit 0 when it succeeds, 1 when it does not, 3 when it pauses. Ctrl-C leaves it
    as it is."""
    from app.cli.commands.watch import watch_run  # noqa: PLC0415

    how = following(watch=True, through_pauses=through_pauses)
    raise typer.Exit(watch_run(run_id, how, as_json=as_json))


def pause(run_id: RunId, *, as_json: Json = False) -> None:
    """Let nothing of a run start any more; what is at work ends."""
    from app.cli.commands.control import pause_run  # noqa: PLC0415

    pause_run(run_id, as_json=as_json)


def resume(
    run_id: RunId,
    *,
    budget_usd: BudgetUsd = None,
    budget_tokens: BudgetTokens = None,
    max_failure_rate: MaxFailureRate = None,
    as_json: Json = False,
) -> None:
    """Let a paused run go on where it stopped, with other limits if any are given."""
    from app.cli.commands.control import resume_run  # noqa: PLC0415
    from app.cli.input.run_options import budget_of  # noqa: PLC0415

    resume_run(
        run_id,
        budget=budget_of(budget_usd, budget_tokens),
        max_failure_rate=max_failure_rate,
        as_json=as_json,
    )


def approve(run_id: RunId, *, as_json: Json = False) -> None:
    """Let a run go on that waits for an approval."""
    from app.cli.commands.control import approve_run  # noqa: PLC0415

    approve_run(run_id, as_json=as_json)


def cancel(
    run_id: RunId,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask on a terminal.")] = False,
    as_json: Json = False,
) -> None:
    """End a run: what is pending at once, what is at work when it ends."""
    from app.cli.commands.control import cancel_run  # noqa: PLC0415

    raise typer.Exit(cancel_run(run_id, yes=yes, as_json=as_json))


def failures(run_id: RunId, *, as_json: Json = False) -> None:
    """List what failed in a run, grouped by what the errors say."""
    from app.cli.commands.looking import list_failures  # noqa: PLC0415

    list_failures(run_id, as_json=as_json)


def events(run_id: RunId, *, as_json: Json = False) -> None:
    """List what happened to a run, and who did it."""
    from app.cli.commands.looking import list_events  # noqa: PLC0415

    list_events(run_id, as_json=as_json)


def runs(
    *,
    family: Annotated[str | None, typer.Option(help="Only of this family.")] = None,
    status: Annotated[
        str | None, typer.Option(help="Only in this status, such as running or failed.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many at most.")] = 20,
    as_json: Json = False,
) -> None:
    """List runs, the newest first."""
    from app.cli.commands.lists import list_runs  # noqa: PLC0415

    list_runs(family=family, status=status, limit=limit, as_json=as_json)


RUN_COMMANDS = (
    *(run, preview, watch, pause, resume, approve, cancel, retry),
    *(failures, events, runs),
)
"""In the order of ``sluice --help``."""
