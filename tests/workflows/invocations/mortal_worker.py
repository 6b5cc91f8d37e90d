"""A worker for ``postcard`` as a process of its own, so that a test can kill it.

A card has two steps, each of which leaves a row in the table ``evidence``; the second one is begun
when the table ``gate`` has a row.
"""

from __future__ import annotations

import asyncio
import sys

import uvloop
from sqlalchemy import text

from app.workflows.family import Context
from tests.support.processes.worker_process import work
from tests.workflows.invocations.postcards import Postcard, Postcards, Style

TABLES = ("CREATE TABLE evidence (item_id text, step text, told text)", "CREATE TABLE gate (n int)")


class Stepwise(Postcards):
    async def execute(self, entity: Postcard, params: Style, ctx: Context) -> str:
        first = await ctx.run("first", self._note, "first", entity.to_whom, ctx)
        await self._gate(ctx)
        assert entity.secret is not None
        return f"{first} {await ctx.run('second', self._note, 'second', entity.to_whom, ctx)}"

    async def _note(self, step: str, told: str, ctx: Context) -> str:
        async with ctx.session() as session:
            row = {"item": ctx.item_id, "step": step, "told": told}
            connection = await session.connection()
            await connection.execute(text("INSERT INTO evidence VALUES (:item, :step, :told)"), row)
            await session.commit()
        return f"{step} for {told}"

    async def _gate(self, ctx: Context) -> None:
        while True:
            async with ctx.session() as session:
                connection = await session.connection()
                if (await connection.execute(text("SELECT 1 FROM gate"))).first() is not None:
                    return
            await asyncio.sleep(0.02)


async def main(prefix: str, *_: str) -> None:
    await work(prefix, Stepwise())


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
