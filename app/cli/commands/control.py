"""``sluice pause``, ``resume``, ``approve``, ``cancel`` and ``retry``."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import typer
from pydantic import JsonValue

from app.cli.api_client import ApiClient, open_api, run_path
from app.cli.commands.watch import follow
from app.cli.options import Following
from app.cli.output.console import number, open_console, print_json, printable, program
from app.cli.output.run_summary import has_ended, total_of
from app.schemas.failures import RetryAnswer
from app.schemas.runs import RunAnswer, RunView
from app.settings import load_settings


@dataclass(frozen=True, slots=True)
class RetryOptions:
    """Which items of a run to try again."""

    statuses: tuple[str, ...] = ()
    error_class: str | None = None
    group: str | None = None
    item_ids: tuple[str, ...] = ()
    approval: bool = False

    def body(self) -> dict[str, JsonValue]:
        given: dict[str, JsonValue] = {
            "status": list(self.statuses),
            "errorClass": self.error_class,
            "group": self.group,
            "itemIds": list(self.item_ids),
            "approval": self.approval,
        }
        return {name: value for name, value in given.items() if value}


def pause_run(run_id: str, *, as_json: bool) -> None:
    _show(asyncio.run(_act(run_id, "pause", {})), as_json=as_json)


def resume_run(
    run_id: str,
    *,
    budget: Mapping[str, JsonValue],
    max_failure_rate: float | None,
    as_json: bool,
) -> None:
    """``budget``: what of it is to change."""
    _show(asyncio.run(_resume(run_id, budget, max_failure_rate)), as_json=as_json)


async def _resume(
    run_id: str, budget: Mapping[str, JsonValue], max_failure_rate: float | None
) -> bytes:
    body: dict[str, JsonValue] = {}
    if max_failure_rate is not None:
        body["maxFailureRate"] = max_failure_rate
    async with open_api(load_settings()) as api:
        if budget:
            present = (await _get(api, run_id)).options.budget
            kept = {} if present is None else present.model_dump(exclude_none=True)
            body["budget"] = {**kept, **budget}
        return await api.post(run_path(run_id, "resume"), body)


def approve_run(run_id: str, *, as_json: bool) -> None:
    _show(asyncio.run(_act(run_id, "approve", {})), as_json=as_json)


def cancel_run(run_id: str, *, yes: bool, as_json: bool) -> int:
    """The exit code."""
    if not yes and sys.stdin.isatty() and sys.stdout.isatty():
        run = asyncio.run(_find(run_id))
        if not has_ended(run) and not typer.confirm(_question(run)):
            open_console().print("The run goes on.")
            return 1
    _show(asyncio.run(_act(run_id, "cancel", {})), as_json=as_json)
    return 0


def _question(run: RunView) -> str:
    total = total_of(run)
    pending = "some items" if total is None else f"{number(total - run.ended)} items"
    return printable(
        f"Cancel {run.id} of {run.family}, which is {run.status}? {pending} have no outcome yet."
    )


def retry_run(
    run_id: str, choice: RetryOptions, *, key: str | None, follow_it: Following, as_json: bool
) -> int:
    """The exit code."""
    return asyncio.run(_retry(run_id, choice, key, follow_it=follow_it, as_json=as_json))


async def _retry(
    run_id: str, choice: RetryOptions, key: str | None, *, follow_it: Following, as_json: bool
) -> int:
    console = open_console()
    async with open_api(load_settings()) as api:
        answer, replayed = await api.start(run_path(run_id, "retry"), choice.body(), key)
        new = api.read(RetryAnswer, answer)
        if as_json and not follow_it:
            print_json(console, answer)
        elif not as_json:
            started = "An earlier call with this key had started" if replayed else "Started"
            hint = "" if follow_it else f" Follow it with: {program()} watch {new.run_id}"
            console.print(f"{started} {new.run_id} over {number(new.items)} items.{hint}")
        return (
            await follow(api, console, new.run_id, follow_it, as_json=as_json) if follow_it else 0
        )


async def _act(run_id: str, action: str, body: Mapping[str, JsonValue]) -> bytes:
    async with open_api(load_settings()) as api:
        return await api.post(run_path(run_id, action), body)


async def _find(run_id: str) -> RunView:
    async with open_api(load_settings()) as api:
        return await _get(api, run_id)


async def _get(api: ApiClient, run_id: str) -> RunView:
    return api.read(RunAnswer, await api.get(run_path(run_id))).run


def _show(answer: bytes, *, as_json: bool) -> None:
    console = open_console()
    if as_json:
        print_json(console, answer)
        return
    run = RunAnswer.model_validate_json(answer).run
    detail = f": {printable(run.detail)}" if run.detail else ""
    console.print(f"{run.id} is {run.status}{detail}")
