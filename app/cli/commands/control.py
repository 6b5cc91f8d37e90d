"""``sluice pause``, ``resume``, ``approve``, ``cancel``, ``finish`` and ``retry``."""

from __future__ import annotations

from typing import Annotated

import typer
from pydantic import JsonValue

from app.cli.api_client import ApiClient, open_api
from app.cli.commands.watch import tell_start
from app.cli.input.run_options import budget_of, deadline_of, given
from app.cli.options import (
    Approval,
    Attempts,
    BudgetTokens,
    BudgetUsd,
    Deadline,
    Json,
    Key,
    MaxFailureRate,
    MinItems,
    Note,
    Priority,
    RunId,
    ThroughPauses,
    Watch,
    Yes,
    following,
)
from app.cli.output.console import (
    is_terminal,
    number,
    open_console,
    print_done,
    printable,
)
from app.cli.output.run_summary import has_ended, total_of
from app.cli.paths import noted, run_path
from app.schemas.failures import RetryAnswer
from app.schemas.runs import RunAnswer, RunView

commands = typer.Typer()


@commands.command()
def pause(run_id: RunId, *, note: Note = None, as_json: Json = False) -> None:
    """Let nothing of a run start any more; what is at work ends."""
    with open_api() as api:
        _act(api, run_id, "pause", noted(note), as_json=as_json)


@commands.command()
def resume(
    run_id: RunId,
    *,
    budget_usd: BudgetUsd = None,
    budget_tokens: BudgetTokens = None,
    max_failure_rate: MaxFailureRate = None,
    min_items: MinItems = None,
    deadline: Deadline = None,
    attempts: Attempts = None,
    priority: Priority = None,
    note: Note = None,
    as_json: Json = False,
) -> None:
    """Let a paused run go on where it stopped, with other options if any are given."""
    body = noted(note) | given(
        {
            "maxFailureRate": max_failure_rate,
            "minItems": min_items,
            "deadlineSeconds": deadline_of(deadline),
            "attempts": attempts,
            "priority": priority,
        }
    )
    changed = budget_of(budget_usd, budget_tokens)
    with open_api() as api:
        if changed:
            present = _get(api, run_id).options.budget
            kept = {} if present is None else present.model_dump(exclude_none=True)
            body["budget"] = {**kept, **changed}
        _act(api, run_id, "resume", body, as_json=as_json)


@commands.command()
def approve(run_id: RunId, *, note: Note = None, as_json: Json = False) -> None:
    """Let a run go on that waits for an approval."""
    with open_api() as api:
        _act(api, run_id, "approve", noted(note), as_json=as_json)


@commands.command()
def cancel(
    run_id: RunId,
    *,
    yes: Yes = False,
    note: Note = None,
    as_json: Json = False,
) -> None:
    """End a run: what is pending at once, what is at work when it ends."""
    with open_api() as api:
        if not yes and is_terminal():
            run = _get(api, run_id)
            if not has_ended(run) and not typer.confirm(_question(run)):
                open_console().print("The run goes on.")
                raise typer.Exit(1)
        _act(api, run_id, "cancel", noted(note), as_json=as_json)


def _question(run: RunView) -> str:
    total = total_of(run)
    pending = "some items" if total is None else f"{number(total - run.ended)} items"
    return printable(
        f"Cancel {run.id} of {run.family}, which is {run.status}? {pending} have no outcome yet."
    )


@commands.command()
def finish(run_id: RunId, *, note: Note = None, as_json: Json = False) -> None:
    """Run the finish of a run that has ended once more."""
    with open_api() as api:
        _act(api, run_id, "finish", noted(note), as_json=as_json)


@commands.command()
def retry(
    run_id: RunId,
    *,
    status: Annotated[
        list[str] | None,
        typer.Option(metavar="OUTCOME", help="Such as failed or succeeded; may be repeated."),
    ] = None,
    error_class: Annotated[
        str | None, typer.Option(help="Only items that failed with this error.")
    ] = None,
    group: Annotated[str | None, typer.Option(help="Only this group: see sluice failures.")] = None,
    item_id: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only this item; may be repeated.")
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Begin anew, without the steps that the items remember.")
    ] = False,
    attempts: Attempts = None,
    approval: Approval = False,
    note: Note = None,
    idempotency_key: Key = None,
    watch: Watch = False,
    through_pauses: ThroughPauses = False,
    as_json: Json = False,
) -> None:
    """Start a run over what failed in an earlier one, or over other items of it."""
    asked: dict[str, JsonValue] = {
        "status": list[JsonValue](status or ()),
        "errorClass": error_class,
        "group": group,
        "itemIds": list[JsonValue](item_id or ()),
        "fresh": fresh,
        "attempts": attempts,
        "approval": approval,
        "note": note,
    }
    body = {name: value for name, value in asked.items() if value}
    follow_it = following(watch=watch, through_pauses=through_pauses)
    with open_api() as api:
        reply = api.post(RetryAnswer, run_path(run_id, "retry"), body, key=idempotency_key)
        new = reply.found
        over = f" over {number(new.items)} items"
        raise typer.Exit(
            tell_start(
                api, open_console(), reply, new.run_id, follow_it, as_json=as_json, over=over
            )
        )


def _get(api: ApiClient, run_id: str) -> RunView:
    return api.get(RunAnswer, run_path(run_id)).found.run


def _act(
    api: ApiClient, run_id: str, action: str, body: dict[str, JsonValue], *, as_json: bool
) -> None:
    answer = api.post(RunAnswer, run_path(run_id, action), body)
    run = answer.found.run
    detail = f": {printable(run.detail)}" if run.detail else ""
    print_done(answer.raw, f"{run.id} is {run.status}{detail}", as_json=as_json)
