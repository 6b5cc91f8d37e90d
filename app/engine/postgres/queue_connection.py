"""The connection through which a worker takes messages and gives them back."""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import cast

import asyncpg

from app.connections.arrays import sent
from app.connections.schema import SCHEMA, in_schema
from app.engine import Ask, Delivery, Token
from app.engine.postgres import consumer_statements, statements

# No flush: what a crash of Postgres undoes is a delivery more. Plans by index: one made while the
# queue is empty would later read all of it.
CLAIMING = {
    "application_name": "sluice queue",
    "synchronous_commit": "off",
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}
SOON = timedelta(seconds=10)
"""Workers are told of a message that is given back to come within so long. Any other one they find
when they look by themselves, which is sooner."""
MISSED_FOR = timedelta(seconds=1)
"""For so long the session of a process may be away before the process counts as gone."""


class QueueConnection:
    def __init__(
        self,
        connection: asyncpg.Connection,
        me: uuid.UUID,
        heartbeat: timedelta,
        schema: str = SCHEMA,
    ) -> None:
        self._connection = connection
        self._me = me
        self._heartbeat = heartbeat
        self._schema = schema

    async def claim(self, asked: Sequence[tuple[str, Ask]], limit: int) -> list[Delivery]:
        """At most ``limit`` messages that are due, and of each flow key what is asked for."""
        rows = await self._fetch(
            statements.CLAIM,
            [key for key, _ in asked],
            [ask.most for _, ask in asked],
            [ask.low for _, ask in asked],
            [ask.high for _, ask in asked],
            [ask.rank for _, ask in asked],
            [ask.owed for _, ask in asked],
            limit,
            self._me,
        )
        now = time.perf_counter()
        return [
            Delivery((seq, number), key, body, attempt, due=now - late, priority=priority)
            for seq, number, attempt, key, body, priority, late in rows
        ]

    async def next_due(self, flow_keys: Collection[str], dry: Collection[str]) -> timedelta | None:
        """
        Args:
            dry: of which nothing more could be taken; what is due of them already counts too.
        """
        keys = list(flow_keys)
        [(due,)] = await self._fetch(statements.NEXT_DUE, keys, [key in dry for key in keys])
        return cast("timedelta | None", due)

    async def mend_priorities(self, flow_keys: Collection[str]) -> bool:
        """Have messages that wait with a priority that there is not taken as ordinary ones. Returns
        whether there were any."""
        return bool(await self._fetch(statements.ORDINARY_ONES, list(flow_keys)))

    async def settle(self, ended: Mapping[Token, timedelta | None]) -> None:
        """End these deliveries, or have their messages come again after so long."""
        over = [token for token, delay in ended.items() if delay is None]
        again = {token: delay for token, delay in ended.items() if delay is not None}
        if over:
            gone = {row[0] for row in await self._fetch(statements.END, *self._of(over))}
            rest = [token for token in over if token[0] not in gone]
            if rest:  # published once more meanwhile, or not ours any more
                await self._fetch(statements.ONCE_MORE, *self._of(rest), SOON)
        if again:
            delays = list(again.values())
            await self._fetch(statements.AGAIN, *self._of(again), SOON, delays)

    async def look(self, held: Collection[Token], flow_keys: Collection[str]) -> timedelta | None:
        """Let others have what processes hold that are gone, or have been silent for too long; and
        what is ours by the queue's account alone, and not among ``held``. Returns the time until a
        message of these keys is due; none is left: one is already; None: there is none."""
        ours = [number for number, _ in held]
        [(due, amiss)] = await self._fetch(
            consumer_statements.LOOK, self._me, ours, self._heartbeat, MISSED_FOR, list(flow_keys)
        )
        if amiss:
            await self._fetch(statements.LET_GO, self._me, ours)
            dead = await self._fetch(
                consumer_statements.BURY, self._me, self._heartbeat, MISSED_FOR
            )
            if dead:
                await self._fetch(statements.GIVE_BACK_OF_DEAD, [row[0] for row in dead])
            await self._fetch(consumer_statements.MISSED, self._me)
        return cast("timedelta | None", due)

    async def give_back(self) -> None:
        """Let others have at once whatever this worker still holds."""
        await self._fetch(statements.GIVE_BACK, [self._me])

    def _of(self, tokens: Iterable[Token]) -> tuple[list[int], list[int], uuid.UUID]:
        numbers, deliveries = zip(*tokens, strict=True)
        return list(numbers), list(deliveries), self._me

    async def _fetch(self, statement: str, *values: object) -> list[asyncpg.Record]:
        said = in_schema(statement, self._schema)
        while True:
            # Who publishes several messages may do so in an order of its own, in a transaction of
            # several statements. Of two that wait for each other Postgres ends one: it may be ours.
            with suppress(asyncpg.DeadlockDetectedError):
                found = await self._connection.fetch(said, *sent(values))
                return cast("list[asyncpg.Record]", found)
