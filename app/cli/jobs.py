"""``sluice run``: a run, or its dry run, through the API."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from pydantic import JsonValue
from rich.console import Console

from app.cli.answers import DryRun, Families, Family, Run, Started
from app.cli.client import Api, open_api, require_known
from app.cli.console import (
    add,
    duration,
    number,
    open_console,
    print_json,
    printable,
    program,
    table,
)
from app.cli.params import parse_params
from app.cli.progress import Silent, display, watch
from app.errors import BadInput
from app.settings import load_settings


@dataclass(frozen=True, slots=True)
class Order:
    """What the user asked to be run."""

    family: str
    params: tuple[str, ...] = ()
    limit: int | None = None
    item_ids: tuple[str, ...] = ()
    force: bool = False
    dry_run: bool = False


def start(order: Order, *, follow: bool, as_json: bool) -> int:
    """The exit code."""
    if order.dry_run and follow:
        raise BadInput("A dry run starts nothing to --watch. Leave one of the two out.")
    return asyncio.run(_run(order, follow=follow, as_json=as_json))


async def _run(order: Order, *, follow: bool, as_json: bool) -> int:
    console = open_console()
    async with open_api(load_settings()) as api:
        family = await find(api, order.family)
        answer = await send(api, family, order)
        if order.dry_run:
            if as_json:
                print_json(console, answer)
            else:
                print_dry_run(console, family, api.read(DryRun, answer))
            return 0
        run_id = api.read(Started, answer).run_id
        if not follow:
            if as_json:
                print_json(console, answer)
            else:
                console.print(f"Started {run_id}. See how it goes with: {program()} runs")
            return 0
        if not as_json:
            console.print(f"Started {run_id}.")
        with Silent() if as_json else display(console) as shown:
            ended = await watch(api, run_id, shown)
        if as_json:
            print_json(console, await api.get(f"/api/runs/{run_id}"))
        else:
            print_end(console, ended)
        return 0 if ended.status == "succeeded" else 1


async def find(api: Api, name: str) -> Family:
    found = api.read(Families, await api.get("/api/families")).families
    require_known(name, [family.name for family in found])
    return next(family for family in found if family.name == name)


async def send(api: Api, family: Family, order: Order) -> bytes:
    body: dict[str, JsonValue] = {
        "dryRun": order.dry_run,
        "force": order.force,
        "params": parse_params(order.params, family.params),
    }
    if order.limit is not None:
        body["limit"] = order.limit
    if order.item_ids:
        body["itemIds"] = list(order.item_ids)
    return await api.post(family.routes["process"], body)


def print_dry_run(console: Console, family: Family, found: DryRun) -> None:
    about = "" if found.exact else "about "
    made = table("Dry run", printable(family.name), right=[printable(family.name)])
    add(made, f"{family.entities} eligible", number(found.total_eligible))
    add(made, "already processed", about + number(found.already_processed))
    add(made, "to process", about + number(found.to_process))
    add(made, "estimate", duration(found.estimate.seconds))
    console.print(made)
    console.print(printable(found.message))
    console.print(f"Estimated from: {printable(found.estimate.basis)}")
    if found.sample:
        console.print(f"For example: {printable(', '.join(found.sample[:3]))}")


def print_end(console: Console, run: Run) -> None:
    took = "" if run.seconds is None else f" in {duration(run.seconds)}"
    pace = run.items_per_second
    rate = "" if pace is None else f", {pace:,.1f} items/s"
    reason = f": {printable(run.detail)}" if run.detail else ""
    console.print(f"{run.id} {run.status}{took}{rate}{reason}")
    if run.status != "succeeded" and run.counters.failed + run.counters.timed_out:
        console.print(f"What failed, and why: GET /api/runs/{run.id}/items?status=failed")
