"""The key that signs cursors, the console's cookies and answer links, and how it is changed."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.store.database import reading, service_key

NAME = "signing"
FORMER_HOLDS = timedelta(days=90)
"""After a change: as long as the longest answer link, so that none of them ends before its time."""

_FORMER = text("""
    SELECT former FROM sluice.service_secret
    WHERE name = :name AND former IS NOT NULL AND changed_at > now() - CAST(:holds AS interval)
""")
_ROTATE = text("""
    UPDATE sluice.service_secret SET
        former = CASE WHEN :keep THEN value END,
        value = replace(CAST(gen_random_uuid() AS text) || gen_random_uuid(), '-', ''),
        changed_at = now()
    WHERE name = :name
""")


async def signing_keys(database: AsyncEngine) -> list[bytes]:
    """The key, and behind it the former one for as long as that holds.

    Raises:
        ConfigurationError: the tables are not there.
    """
    keys = [await service_key(database, NAME)]
    async with reading(database) as connection:
        former = await connection.scalar(_FORMER, {"name": NAME, "holds": FORMER_HOLDS})
    return [key.encode() for key in (*keys, former) if key]


async def rotate_signing_key(database: AsyncEngine, *, keep_former: bool) -> None:
    """Make a new key. Processes that run read it when they start anew.

    Args:
        keep_former: whether what the present one has signed goes on being good; of the one before
            that, it ends in any case.
    """
    await service_key(database, NAME)  # says what to do when there are no tables
    async with database.begin() as tx:
        await tx.execute(_ROTATE, {"name": NAME, "keep": keep_former})
