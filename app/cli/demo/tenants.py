"""The demonstration of limits for each tenant: one has most of the work, and holds up nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pydantic import Field
from sqlalchemy import Select, String, column, select, values

from app.cli.api_client import ApiClient
from app.cli.demo.stage import Mismatch, Stage, all_items_of, find, get, post, put
from app.cli.output.console import add, number, table
from app.cli.paths import run_path
from app.schemas.families import FamilyView
from app.schemas.flow_control import FlowPartitionsAnswer, FlowPartitionView
from app.schemas.items import ItemView
from app.schemas.runs import RunAnswer
from app.schemas.workflow_answers import StartedAnswer
from app.workflows.family import Context, Entity, FamilyParams, Flow, FlowControl, JobFamily

BIG, SMALL = "acme", tuple(f"shop-{n:02}" for n in range(1, 11))
OF_BIG, OF_SMALL = 300, 10
PARTITIONS = "/api/flow-control/remind-invoices.execute/partitions"
RAISED = 20
_LOOK = 0.1


class Params(FamilyParams):
    big: bool = Field(True, description=f"Those of {BIG} as well, which has most of them.")
    seconds: float = Field(0.05, description="In which the mailer answers.", ge=0, le=60)


class RemindInvoices(JobFamily[Params, str, str]):
    """Send a reminder for each open invoice, two of a tenant at once."""

    name = "remind-invoices"
    entity = Entity("invoice", "invoices")
    verb = "remind"
    params = Params
    flow = Flow(execute=FlowControl(parallelism=40, per_partition=2))

    def eligible(self, params: Params) -> Select[Any]:
        tenants = [(name, OF_SMALL) for name in SMALL]
        if params.big:
            tenants.append((BIG, OF_BIG))
        rows = [(f"{tenant}-{n:03}", tenant) for tenant, most in tenants for n in range(most)]
        # In place of a table: select(Invoice.id, Invoice.tenant).where(Invoice.open)
        invoices = values(column("id", String), column("tenant", String), name="invoice").data(rows)
        return select(invoices.c.id, invoices.c.tenant)

    async def load(self, item_id: str, ctx: Context) -> str:
        return item_id

    async def execute(self, entity: str, params: Params, ctx: Context) -> str:
        await asyncio.sleep(params.seconds)  # in place of a mailer
        return f"Please pay {entity}."


async def show_tenants(stage: Stage) -> None:
    stage = replace(stage, families=[RemindInvoices()])
    say = stage.console.print
    async with stage.service() as api:
        family = await find(api, RemindInvoices.name)
        await stage.dry_run(api, family)
        say(f"\n2. The {len(SMALL)} small tenants alone, {stage.how}: two of each at once.")
        run = await stage.watched(api, await _start(api, family, big=False))
        alone = _seconds(await all_items_of(api, run.id))
        say(f"\n3. Beside {BIG}, which has {OF_BIG}; they come first, and two may begin as well.")
        run_id = await _start(api, family, big=True)
        then = await _small_ones_ended(stage, api, run_id)
        say(f"   The small ones have ended; {number(then.waiting)} of {BIG} still wait.")
        say(f"\n4. An operator gives {BIG} limits of its own: {RAISED} at once.")
        await put(api, FlowPartitionsAnswer, PARTITIONS, {"partition": BIG, "parallelism": RAISED})
        await stage.watched(api, run_id)
        beside = _seconds(await all_items_of(api, run_id))
    say(f"\nThe small ones took {alone:.1f} s alone, and {beside:.1f} s beside {BIG}. The family")
    say("is app/cli/demo/tenants.py; docs/guides/limit.md tells how it works.")


async def _start(api: ApiClient, family: FamilyView, *, big: bool) -> str:
    started = await post(api, StartedAnswer, family.routes["process"], {"params": {"big": big}})
    return started.run_id


async def _small_ones_ended(stage: Stage, api: ApiClient, run_id: str) -> FlowPartitionView:
    """How the big one stands when nothing of theirs is left. Prints all of them once."""
    printed = False
    while True:
        paged = (await get(api, RunAnswer, run_path(run_id))).run.paged
        found = (await get(api, FlowPartitionsAnswer, PARTITIONS)).partitions
        others = [one for one in found if one.partition != BIG]
        if not printed and any(one.active for one in others):
            _print(stage, found[:4])
            printed = True
        if paged and not others:
            break
        await asyncio.sleep(_LOOK)
    if not found or found[0].waiting < OF_BIG / 2:
        raise Mismatch(f"the small tenants were to end long before {BIG}, and did not.")
    return found[0]


def _print(stage: Stage, found: Sequence[FlowPartitionView]) -> None:
    made = table("Tenant", "At work", "Waiting", right=("At work", "Waiting"))
    for one in found:
        add(made, one.partition, f"{one.active} of {one.parallelism}", number(one.waiting))
    stage.console.print(made)


def _seconds(items: Sequence[ItemView]) -> float:
    """From when the small tenants' items were there until the last of them had ended."""
    theirs = [item for item in items if not item.item_id.startswith(BIG)]
    ends = [item.finished_at for item in theirs if item.finished_at is not None]
    if len(ends) != len(SMALL) * OF_SMALL:
        raise Mismatch(f"{len(ends)} items of the small tenants have ended.")
    return (max(ends) - min(item.scheduled_at for item in theirs)).total_seconds()
