"""The demonstration of ``describe-products``: a provider with a Batch API, of this machine, which
answers sixty requests as one batch, and has no time for some of them at first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from pydantic import SecretStr

from app.api.operations.tick import TickAnswer
from app.api.qstash.signed_calls import TICK
from app.cli.api_client import ApiClient
from app.cli.batches.batches import PATH
from app.cli.demo.batches.local_provider import Answer, LocalProvider, StoredBatch, completed
from app.cli.demo.batches.provider_server import provider_server
from app.cli.demo.stage import Mismatch, Stage, find, get, items_of, post
from app.cli.examples.describe_products import CATALOGUE, DescribeProducts
from app.cli.output.console import printable, program
from app.config.engine_settings import EngineName
from app.schemas.provider_batches.answers import ProviderBatchesAnswer

ANSWERED = 45
"""Requests of the first batch, which expires then."""


async def show_batches(stage: Stage) -> None:
    stage = replace(stage, families=[DescribeProducts()])
    say = stage.console.print
    provider = LocalProvider(_described, pace=0.8, end=_end, most=ANSWERED)
    async with (
        provider_server(provider) as server,
        stage.service(
            llm_base_url=server.url,
            llm_api_key=SecretStr(server.key),
            llm_batch_size=len(CATALOGUE),
            llm_batch_within=2.0,
            llm_batch_poll=0.2,
        ) as api,
        _ticks(stage, api),
    ):
        family = await find(api, DescribeProducts.name)
        await stage.dry_run(api, family)
        say(f"\n2. The run, {stage.how}: each item asks for its description and is suspended,")
        say("   and all of their requests become one batch of a provider of this machine. Its day")
        say(f"   is over when it has answered {ANSWERED}; the others go into a second batch.")
        run = await stage.watched(api, await stage.start(api, family))
        found = (await get(api, ProviderBatchesAnswer, PATH)).batches
        for batch in reversed(found):
            say(
                f"   {batch.id}  {batch.state}: {batch.done} of {batch.lines} answered,"
                f" {batch.again} go again"
            )
        first = next(iter((await items_of(api, run.id)).values()))
        say(f"\n   {printable(first.item_id)}: {printable(str(first.result))}")
        if provider.paid.total() != len(CATALOGUE) or max(provider.paid.values()) != 1:
            raise Mismatch("each request was to be paid for once.")
        say(f"\n   {provider.paid.total()} requests were paid for, each once. Of a service that is")
        say(f"   up, {program()} batches says the same.")
        await stage.again(api, family)


def _end(batch: StoredBatch) -> str:
    return "expired" if batch.total > ANSWERED else "completed"


def _described(body: Mapping[str, Any]) -> Answer:
    status, answer = completed(body)
    asked = body["messages"][-1]["content"]
    name = asked.rpartition(": ")[2]
    answer["choices"][0]["message"]["content"] = f"A {name.lower()}, made to be used every day."
    return status, answer


@asynccontextmanager
async def _ticks(stage: Stage, api: ApiClient) -> AsyncIterator[None]:
    """Where no worker looks after batches, a clock calls for it; here it is in a hurry."""
    if stage.settings.engine is not EngineName.QSTASH:
        yield
        return

    async def ticking() -> None:
        while True:
            await post(api, TickAnswer, TICK, {})
            await asyncio.sleep(0.5)

    task = asyncio.create_task(ticking())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
