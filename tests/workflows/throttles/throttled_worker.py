"""A worker as a process of its own, whose family writes down who asks its check."""

from __future__ import annotations

import os
import sys
from datetime import timedelta

import uvloop
from sqlalchemy import text

from app.workflows.family import Context, Throttle
from tests.support.processes.worker_process import Traced, work

LOOKS = "CREATE TABLE look (id bigint GENERATED ALWAYS AS IDENTITY, pid int, why text)"
WHY = "CREATE TABLE why (sentence text)"


async def check(ctx: Context) -> str | None:
    """What stands in the database."""
    async with ctx.session() as session:
        connection = await session.connection()
        why = (await connection.execute(text("SELECT sentence FROM why"))).scalar()
        await connection.execute(
            text("INSERT INTO look (pid, why) VALUES (:pid, :why)"),
            {"pid": os.getpid(), "why": why},
        )
        await session.commit()
    return why


class ThrottledTraced(Traced):
    throttle = (Throttle(check, backoff=timedelta(seconds=1), every=timedelta(seconds=1)),)


async def main(prefix: str, item_seconds: str, *_: str) -> None:
    await work(prefix, ThrottledTraced(float(item_seconds)))


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
