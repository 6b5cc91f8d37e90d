"""The end of several messages meets a transaction that publishes some of them, in an order of its
own: Postgres ends one of the two, and it is done again."""

from __future__ import annotations

import asyncio
import uuid
from datetime import timedelta

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine import OutgoingMessage
from app.engine.postgres.queue_connection import QueueConnection
from app.store.database import transacted
from tests.support.families import Recording
from tests.support.service import Opener

ME = uuid.UUID(int=7)
HELD = """
    INSERT INTO sluice.message (id, flow_key, payload, worker, deliveries)
    SELECT id, 'recording.execute', '', :me, 1 FROM unnest(CAST(:ids AS text[])) AS id
"""
# Where the server lets us: that the end of messages is what Postgres ends.
PATIENT = """
    SELECT set_config('deadlock_timeout', '1h', true)
    FROM pg_roles WHERE rolname = current_user AND rolsuper
"""


async def test_messages_end_while_somebody_publishes_them_in_another_order(
    opener: Opener, database_url: str
) -> None:
    async with opener(Recording()) as sluice:
        service = sluice.service
        await sluice.sql(HELD, me=ME, ids=["a", "b", "c"])
        numbers = [row[0] for row in await sluice.sql("SELECT seq FROM sluice.message ORDER BY id")]
        connection = await asyncpg.connect(database_url)
        queue = QueueConnection(connection, ME, timedelta(seconds=30))
        has_c = asyncio.Event()
        wants_a = asyncio.Event()

        def message(of: str) -> OutgoingMessage:
            return OutgoingMessage(of, "recording.execute", b"")

        async def publish(tx: AsyncConnection) -> None:
            await tx.execute(text(PATIENT))
            await service.engine.publish(tx, [message("c")])
            has_c.set()
            await wants_a.wait()
            await service.engine.publish(tx, [message("a")])

        try:
            async with service.database.begin() as tx:
                await tx.execute(text("SELECT FROM sluice.message WHERE id = 'b' FOR UPDATE"))
                ending = asyncio.create_task(queue.settle({(one, 1): None for one in numbers}))
                await sluice.held_up()  # it has a, and waits for b
                publishing = asyncio.create_task(transacted(service.database, publish))
                await has_c.wait()
                wants_a.set()
                await sluice.held_up(2)
            await asyncio.gather(ending, publishing)
        finally:
            await connection.close()
        left = await sluice.sql("SELECT id, worker FROM sluice.message ORDER BY id")
    # What was published comes again, whichever came first.
    assert [tuple(row) for row in left] == [("a", None), ("c", None)]
