"""The demonstration that needs none of the example families: a family of its own, which greets a
hundred guests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.cli.demo.stage import Mismatch, Stage, find, items_of
from app.cli.output.console import printable
from app.workflows.family import (
    Context,
    Entity,
    FamilyParams,
    Flow,
    FlowControl,
    JobFamily,
    Page,
)

GUESTS = tuple(f"guest-{number:03}" for number in range(1, 101))
_SHOWN = 3


class Greetings(JobFamily[FamilyParams, str, str]):
    """Greets every guest once."""

    name = "greeting"
    entity = Entity("guest", "guests")
    verb = "greet"
    flow = Flow(execute=FlowControl(parallelism=10, rate=50))

    def page(self, cursor: str | None, size: int, params: FamilyParams, ctx: Context) -> Page:
        begin = int(cursor or 0)
        end = begin + size
        return Page(GUESTS[begin:end], str(end) if end < len(GUESTS) else None)

    def count(self, params: FamilyParams, ctx: Context) -> int:
        return len(GUESTS)

    async def existing(self, ids: Sequence[str], params: FamilyParams, ctx: Context) -> set[str]:
        kept = await ctx.redis.mget([ctx.key(self.name, guest) for guest in ids])
        return {guest for guest, text in zip(ids, kept, strict=True) if text is not None}

    async def load(self, item_id: str, ctx: Context) -> str:
        return item_id

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        return f"Good morning, {entity}."

    async def save(self, entity: str, result: str, params: FamilyParams, ctx: Context) -> None:
        await ctx.redis.set(ctx.key(self.name, entity), result)


async def show_greetings(stage: Stage) -> None:
    stage = replace(stage, families=[Greetings()])
    async with stage.service() as api:
        family = await find(api, Greetings.name)
        await stage.dry_run(api, family)
        stage.console.print(f"\n2. The run, {stage.how}: at most 10 items at once, 50 per second.")
        run = await stage.watched(api, await stage.start(api, family))
        if run.counters.succeeded != len(GUESTS):
            raise Mismatch(f"{run.counters.succeeded} of {len(GUESTS)} guests were greeted.")
        for item in list((await items_of(api, run.id)).values())[:_SHOWN]:
            stage.console.print(f"   {printable(str(item.result))}")
        await stage.again(api, family)
