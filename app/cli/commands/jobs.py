"""``sluice run``: a run, or its dry run, through the API."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue
from rich.console import Console

from app.cli.api_client import ApiClient, open_api, require_known
from app.cli.commands.watch import follow
from app.cli.input.item_ids import chosen
from app.cli.input.params import parse_params
from app.cli.options import Following
from app.cli.output.console import add, number, open_console, print_json, printable, program, table
from app.cli.output.run_summary import cost
from app.errors import BadInput
from app.schemas.families import FamiliesAnswer, FamilyView
from app.schemas.workflow_answers import DryRunAnswer, StartedAnswer
from app.settings import load_settings
from app.workflows.registry.family_files import restart


@dataclass(frozen=True, slots=True)
class StartOptions:
    """What the user asked to be run."""

    family: str
    params: tuple[str, ...] = ()
    limit: int | None = None
    item_ids: tuple[str, ...] = ()
    items_from: str | None = None
    """A file with an id a line, in place of ``item_ids``; ``-``: standard input."""
    force: bool = False
    dry_run: bool = False
    options: Mapping[str, JsonValue] = field(default_factory=dict)
    """When the run must stop and ask, as the API takes it."""
    key: str | None = None


def start(order: StartOptions, *, follow_it: Following, as_json: bool) -> int:
    """The exit code."""
    if order.item_ids and order.items_from is not None:
        raise BadInput("Name the items with --item-id or with --items-from, not with both.")
    if order.dry_run and follow_it:
        raise BadInput("A dry run starts nothing to --watch. Leave one of the two out.")
    return asyncio.run(_run(order, follow_it=follow_it, as_json=as_json))


async def _run(order: StartOptions, *, follow_it: Following, as_json: bool) -> int:
    console = open_console()
    async with open_api(load_settings()) as api:
        family = await find(api, order.family)
        answer, replayed = await send(api, family, order)
        if order.dry_run:
            if as_json:
                print_json(console, answer)
            else:
                print_dry_run(console, family, api.read(DryRunAnswer, answer))
            return 0
        run_id = api.read(StartedAnswer, answer).run_id
        if follow_it:
            if not as_json:
                console.print(f"{_verb(replayed)} {run_id}.")
            return await follow(api, console, run_id, follow_it, as_json=as_json)
        if as_json:
            print_json(console, answer)
        else:
            console.print(f"{_verb(replayed)} {run_id}. Follow it with: {program()} watch {run_id}")
        return 0


def _verb(replayed: bool) -> str:
    return "An earlier call with this key had started" if replayed else "Started"


async def find(api: ApiClient, name: str) -> FamilyView:
    answer = api.read(FamiliesAnswer, await api.get("/api/families"))
    require_known(name, [family.name for family in answer.families], restart(answer.newer_files))
    return next(family for family in answer.families if family.name == name)


async def send(api: ApiClient, family: FamilyView, order: StartOptions) -> tuple[bytes, bool]:
    """The answer, and whether an earlier call under the same key had started the run."""
    body: dict[str, JsonValue] = {
        "dryRun": order.dry_run,
        "force": order.force,
        "params": parse_params(order.params, family.params),
        **order.options,
    }
    if order.limit is not None:
        body["limit"] = order.limit
    if order.item_ids:
        body["itemIds"] = list(order.item_ids)
    if order.items_from is not None:
        body |= await chosen(api, order.items_from)
        if order.key is not None and "itemList" in body:
            raise BadInput(
                "--idempotency-key: each list of more than 1,000 ids is another one, so that the"
                " same call cannot be known again. Leave it out."
            )
    return await api.start(family.routes["process"], body, order.key)


def print_dry_run(console: Console, family: FamilyView, found: DryRunAnswer) -> None:
    about = "" if found.exact else "about "
    made = table("Dry run", printable(family.name), right=[printable(family.name)])
    add(made, f"{family.entities} eligible", number(found.total_eligible))
    add(made, "already processed", about + number(found.already_processed))
    add(made, "to process", about + number(found.to_process))
    if found.to_overwrite:
        nearly = "" if found.to_overwrite_exact else "about "
        add(made, "results to overwrite", nearly + number(found.to_overwrite))
    estimate = found.estimate
    add(made, "estimate", cost(estimate.seconds, estimate.usd, estimate.tokens))
    console.print(made)
    console.print(printable(found.message))
    console.print(f"Estimated from: {printable(estimate.basis)}")
    if estimate.cost_basis and (estimate.usd or estimate.tokens):
        console.print(f"Cost from: {printable(estimate.cost_basis)}")
    if found.sample:
        console.print(f"For example: {printable(', '.join(found.sample[:3]))}")
