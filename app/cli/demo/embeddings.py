"""The demonstration of many items' calls as one."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from app.cli.demo.stage import Mismatch, Stage, all_items_of, find
from app.cli.output.console import number
from app.workflows.family import (
    Context,
    Entity,
    FamilyParams,
    Flow,
    FlowControl,
    JobFamily,
    Page,
    Skip,
    batched,
)

TEXTS = {f"text-{n:03}": f"The {n}th text." for n in range(1, 401)} | {"text-200": ""}
"""One of which is empty, and cannot be embedded."""
TOGETHER = 50


class EmbedTexts(JobFamily[FamilyParams, str, list[float]]):
    """Embed every text, as many in one call of the model as are at work."""

    name = "embed-texts"
    entity = Entity("text", "texts")
    verb = "embed"
    flow = Flow(execute=FlowControl(parallelism=TOGETHER))

    def __init__(self) -> None:
        self.calls: list[int] = []
        """How many texts each had."""

    def page(self, cursor: str | None, size: int, params: FamilyParams, ctx: Context) -> Page:
        begin = int(cursor or 0)
        end = begin + size
        return Page(list(TEXTS)[begin:end], str(end) if end < len(TEXTS) else None)

    def count(self, params: FamilyParams, ctx: Context) -> int:
        return len(TEXTS)

    async def load(self, item_id: str, ctx: Context) -> str | None:
        return TEXTS.get(item_id)

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> list[float]:
        vector: list[float] = await ctx.batched("embed", entity)
        return vector

    @batched(size=TOGETHER, flow=FlowControl(rate=20))
    async def embed(
        self, texts: list[str], params: FamilyParams, ctx: Context
    ) -> list[list[float] | Exception]:
        self.calls.append(len(texts))
        await asyncio.sleep(0.1)  # a model, which takes about as long for fifty as for one
        return [_vector(text) if text else Skip("There is no text.") for text in texts]


async def show_embeddings(stage: Stage) -> None:
    family = EmbedTexts()
    stage = replace(stage, families=[family])
    say = stage.console.print
    async with stage.service() as api:
        found = await find(api, family.name)
        await stage.dry_run(api, found)
        say(f"\n2. The run, {stage.how}: {TOGETHER} items at once, and at most 20 calls a second.")
        run = await stage.watched(api, await stage.start(api, found))
        items = await all_items_of(api, run.id)
        vectors = {item.item_id: item.result for item in items if item.status == "succeeded"}
        if vectors != {name: _vector(text) for name, text in TEXTS.items() if text}:
            raise Mismatch("each item was to get the answer to its own text.")
        say(f"   {number(len(items))} items, {number(len(family.calls))} calls, of so many texts:")
        say("   " + " ".join(map(str, family.calls)))
        say("   Each item has its own answer, remembered as its step: text-001 has")
        say(f"   {vectors['text-001']}. The empty text was skipped, and spoilt no other's call.")
        if len(family.calls) > len(TEXTS) / 4:
            raise Mismatch(f"{len(family.calls)} calls were made for {len(TEXTS)} items.")
    say("\nThe family is app/cli/demo/embeddings.py; docs/steps.md tells how it works.")


def _vector(text: str) -> list[float]:
    return [float(len(text)), round(sum(map(ord, text)) / len(text), 2)]
