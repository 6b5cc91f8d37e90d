"""A worker as a process of its own, whose family is told once to come again later."""

from __future__ import annotations

import sys
from datetime import timedelta

import uvloop
from sqlalchemy import text

from app.workflows.family import Context, FamilyParams, Flow, FlowControl, RetryAfter
from tests.support.processes.worker_process import Traced, work

HELD = timedelta(seconds=3)
TOLD = "CREATE TABLE told (at timestamptz DEFAULT clock_timestamp(), item text)"
AFTER = "u00100"
"""The item that is told, the first time that it is at work."""


class Telling(Traced):
    flow = Flow(execute=FlowControl(parallelism=6))

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> int:
        if entity != AFTER:
            return await super().execute(entity, params, ctx)
        async with ctx.session() as session:
            connection = await session.connection()
            former = await connection.scalar(text("SELECT count(*) FROM told"))
            if not former:
                await connection.execute(
                    text("INSERT INTO told (item) VALUES (:item)"), {"item": entity}
                )
            await session.commit()
        if not former:
            raise RetryAfter(HELD, "the provider asks to come again", hold=True)
        return await super().execute(entity, params, ctx)


async def main(prefix: str, item_seconds: str, *_: str) -> None:
    await work(prefix, Telling(float(item_seconds)))


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
