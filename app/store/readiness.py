"""Whether Postgres can be worked with just now."""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.connections.faults import READ_ONLY
from app.errors import Unavailable
from app.store.database import reading
from app.store.revision import require_migrated

_READ_ONLY = text("SELECT current_setting('transaction_read_only') = 'on'")


async def require_ready(database: AsyncEngine) -> None:
    """
    Raises:
        Unavailable: it takes no writes.
        ConfigurationError: the tables are missing, or older than the code.
    """
    async with reading(database) as connection:
        read_only = await connection.scalar(_READ_ONLY)
    if read_only:
        raise Unavailable(READ_ONLY)
    await require_migrated(database)
