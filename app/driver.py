"""Hot statements, which go to the driver as they stand (docs/decisions/0006)."""

from __future__ import annotations

from typing import cast

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection


async def hot(tx: AsyncConnection, statement: str, *values: object) -> list[asyncpg.Record]:
    """Run a statement of SQLAlchemy's transaction on the driver's own connection.

    For those that run for every batch: what SQLAlchemy does around one costs the worker some 200
    microseconds.

    Raises:
        DBAPIError: what the driver raised, as SQLAlchemy would.
    """
    held = tx.sync_connection
    if held is None:
        raise RuntimeError("The connection is not open.")
    driver = cast("asyncpg.Connection", held.connection.driver_connection)
    if not driver.is_in_transaction():
        # SQLAlchemy begins with the first statement of its own, and we must not run before that.
        await tx.exec_driver_sql("SELECT 1")
    try:
        return cast("list[asyncpg.Record]", await driver.fetch(statement, *values))
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        # Where the connection is lost, the rollback that follows tells the pool.
        raise DBAPIError(
            statement, None, error, connection_invalidated=driver.is_closed()
        ) from error
