"""Hot statements, which go to the driver as they stand (docs/decisions/0006)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.connections.arrays import sent
from app.connections.faults import OF_ASYNCPG, by_driver
from app.connections.schema import OPTION, in_schema
from app.tracing.sql import statement_call

Found = Sequence[Any]  # a row: of the driver's, or SQLAlchemy's, by position


async def fetch_raw(tx: AsyncConnection, statement: str, *values: object) -> Sequence[Found]:
    """Run a statement of SQLAlchemy's transaction on the driver's own connection. It takes each
    array as ``text[]``.

    For those that run for every batch: what SQLAlchemy does around one costs the worker some 200
    microseconds. The first one of a transaction goes through SQLAlchemy, which begins it.

    Raises:
        DBAPIError: what the driver raised, as SQLAlchemy would.
    """
    held = tx.sync_connection
    if held is None:
        raise RuntimeError("The connection is not open.")
    driver = cast("asyncpg.Connection", held.connection.driver_connection)
    options = held.get_execution_options()
    alone = options.get("isolation_level") == "AUTOCOMMIT"
    if not (alone or driver.is_in_transaction()):
        found = await tx.exec_driver_sql(statement, tuple(sent(values)))
        return found.all() if found.returns_rows else ()
    if schema := options.get(OPTION):
        statement = in_schema(statement, schema)
    call = statement_call(statement)
    try:
        rows = cast("Sequence[Found]", await driver.fetch(statement, *sent(values)))
    except OF_ASYNCPG as error:
        if call is not None:
            call.fail(error)
        # Where the connection is lost, the rollback that follows tells the pool.
        raise DBAPIError(
            statement, None, error, connection_invalidated=driver.is_closed()
        ) from error
    except BaseException as error:
        if call is not None:
            call.fail(error)
        raise
    if call is not None:
        call.end()
    return rows


_OF_CONTENT = ("22", "23", "54")
"""Classes of SQLSTATE: a value that Postgres cannot take, a constraint, a limit of Postgres."""


def refusal(error: BaseException) -> str | None:
    """What Postgres, or the driver, says of a value that it does not take; None: the trouble is
    another one, and another try may pass."""
    if not isinstance(error, DBAPIError) or error.connection_invalidated:
        return None
    told = by_driver(error)
    if isinstance(told, asyncpg.PostgresError):
        if not (told.sqlstate or "").startswith(_OF_CONTENT):
            return None
        return f"{told.message}: {told.detail}" if told.detail else str(told.message or told)
    # What the driver cannot put into its protocol is refused before it is sent.
    return str(told) if isinstance(told, asyncpg.InterfaceError | ValueError) else None
