"""A worker, as a process, of a family whose items' calls are gathered. Arguments as those of
``tests.support.processes.worker_process``."""

from __future__ import annotations

import asyncio
import os
import sys

import uvloop
from sqlalchemy import text

from app.workflows.family import Context, FamilyParams, batched
from tests.support.processes import worker_process


class Asking(worker_process.Traced):
    """Each call writes down what it was asked, takes a while, and answers a number for each."""

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> int:
        number: int = await ctx.batched("number", entity)
        return number

    @batched(size=10)
    async def number(self, items: list[str], params: FamilyParams, ctx: Context) -> list[int]:
        async with ctx.session() as session:
            await (await session.connection()).execute(
                text(
                    "INSERT INTO execution (item_id, pid) SELECT id, :pid"
                    " FROM unnest(CAST(:items AS text[])) AS t(id)"
                ),
                {"items": items, "pid": os.getpid()},
            )
            await session.commit()
        await asyncio.sleep(self.item_seconds)
        return [int(item.removeprefix("u")) for item in items]


async def main(prefix: str, item_seconds: str, *_limits: str) -> None:
    await worker_process.work(prefix, Asking(float(item_seconds)))


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
