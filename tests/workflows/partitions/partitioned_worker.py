"""A worker as a process of its own, whose items write down their partition, and when they began and
ended."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from typing import Any

import uvloop
from sqlalchemy import Select, func, select, text
from sqlmodel import col

from app.workflows.family import Context, FamilyParams, Flow, FlowControl
from tests.support.processes.worker_process import Traced, work
from tests.support.users import User

MOST, RATE = 2, 15.0


class Partitioned(Traced):
    """Ten partitions."""

    flow = Flow(execute=FlowControl(parallelism=16, per_partition=MOST, rate_per_partition=RATE))

    def eligible(self, params: FamilyParams) -> Select[Any, Any]:
        return select(col(User.id), func.substr(User.id, 6, 1)).where(col(User.active))

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> int:
        began = time.time()
        await asyncio.sleep(self.item_seconds)
        ended = time.time()
        async with ctx.session() as session:
            await (await session.connection()).execute(
                text(
                    "INSERT INTO execution (item_id, pid, began, ended)"
                    " VALUES (:item, :pid, to_timestamp(:began), to_timestamp(:ended))"
                ),
                {"item": entity, "pid": os.getpid(), "began": began, "ended": ended},
            )
            await session.commit()
        return os.getpid()


async def main(prefix: str, item_seconds: str, *_: str) -> None:
    await work(prefix, Partitioned(float(item_seconds)))


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
