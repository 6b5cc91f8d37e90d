"""How a worker comes by its messages, and says that it lives: one dedicated connection."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import cast

import asyncpg

from app.connections.schema import SCHEMA, in_schema
from app.engine import Delivery
from app.engine.postgres import statements

LOOKS = 6
"""How often in a heartbeat's time a busy worker looks for messages of dead ones."""

# Claims and heartbeats need no flush: one that a crash of Postgres undoes is only made again.
# Plans by index: one made while the queue is empty would later read all of it.
CLAIMING = {
    "application_name": "sluice claims",
    "synchronous_commit": "off",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}


class Claims:
    """One dedicated connection through which a worker claims messages and says that it lives."""

    def __init__(
        self,
        connection: asyncpg.Connection,
        me: uuid.UUID,
        heartbeat: timedelta,
        schema: str = SCHEMA,
    ) -> None:
        self._connection = connection
        self._schema = schema
        self._me = me
        self._heartbeat = heartbeat
        self._look_at: dict[str, float] = {}
        self._turn = asyncio.Lock()  # heartbeats and claims share the connection

    async def claim(self, flow_keys: Iterable[str], limit: int) -> list[Delivery]:
        keys = list(flow_keys)
        rows = await self._take_over(keys, limit)
        found = [_delivery(row, taken_over=True) for row in rows]
        if len(found) < limit:
            rows = await self._fetch(statements.CLAIM, keys, limit - len(found), self._me)
            found += [_delivery(row) for row in rows]
        return found

    async def _take_over(self, flow_keys: list[str], limit: int) -> list[asyncpg.Record]:
        """Messages of dead workers. Looked for now and then only: it reads over the remains of
        everything that was claimed since the last vacuum."""
        now = time.monotonic()
        keys = [key for key in flow_keys if now >= self._look_at.get(key, 0.0)]
        if not keys:
            return []
        rows = await self._fetch(statements.TAKE_OVER, keys, limit, self._me, self._heartbeat)
        if len(rows) < limit:
            next_look = now + self._heartbeat.total_seconds() / LOOKS
            self._look_at.update(dict.fromkeys(keys, next_look))
        return rows

    async def next_due(self, flow_keys: Iterable[str]) -> timedelta | None:
        [(due,)] = await self._fetch(statements.NEXT_DUE, list(flow_keys))
        return cast("timedelta | None", due)

    async def beat(self, tokens: Iterable[tuple[int, int]]) -> None:
        await self._fetch(statements.BEAT, [job_id for job_id, _ in tokens], self._me)

    async def give_back(self, flow_keys: Iterable[str]) -> None:
        """Let others have at once whatever this worker still holds of these keys."""
        keys = list(flow_keys)
        await self._fetch(statements.GIVE_BACK, self._me, keys)
        await self._fetch(statements.TELL, keys)

    async def _fetch(self, statement: str, *values: object) -> list[asyncpg.Record]:
        async with self._turn:
            said = in_schema(statement, self._schema)
            return cast("list[asyncpg.Record]", await self._connection.fetch(said, *values))


def _delivery(row: asyncpg.Record, *, taken_over: bool = False) -> Delivery:
    job_id, attempts, flow_key, payload = row
    return Delivery((job_id, attempts), flow_key, payload, attempts + 1, taken_over=taken_over)
