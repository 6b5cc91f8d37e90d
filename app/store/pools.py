"""Which connections to Postgres a process may open, and for what."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from app.connections.driver import fetch_raw
from app.connections.faults import away
from app.store.database import BY_INDEX, open_database, reading

OWN_CONNECTIONS = 6
PROBE_CONNECTIONS = 2
LEDGER_CONNECTIONS = 6
"""Writes come in groups, so a few connections carry them all."""
PATIENCE = 10.0
"""Seconds that a caller of the API waits for a connection."""
LEDGER_PATIENCE = 30.0
LONG_PATIENCE = 300.0
"""Seconds that a page waits for one; an item waits without a limit. Not for ever: pages that each
hold one and wait for another would else never end."""

SILENCE = timedelta(minutes=1)
_SILENCE = "idle_in_transaction_session_timeout"
_NAME = "application_name"
_END_HUNG = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND usename = current_user
      AND application_name IN ('sluice', 'sluice ledger')
      AND state = 'active' AND wait_event = 'ClientRead' AND xact_start IS NOT NULL
      AND state_change < clock_timestamp() - $1::interval
"""


@dataclass(frozen=True, slots=True)
class Pools:
    """Each opens a connection when it is first needed, or is about to be, so that a process without
    a worker has none of a worker's.

    A family may hold its connection for as long as it likes: over a slow call, for example. Nothing
    but other code of families waits for it.
    """

    own: AsyncEngine
    """For the API, schedules and upkeep."""
    probes: AsyncEngine
    ledger: AsyncEngine
    """For what the layers, events, providers' batches and QStash's deliveries read and write: by
    key, never by scan."""
    called: AsyncEngine
    """For families' code that the API calls: dry runs, previews."""
    worked: AsyncEngine
    """For families' code in a worker."""
    holding: AsyncEngine
    """Past a pooler, for a lock that lasts as long as its connection."""

    async def prepare_for_items(self) -> None:
        """Open a connection of each pool that a worker's first item would wait for. Where Postgres
        gives none just now, the item does wait: a worker outlasts that."""
        try:
            for pool in (self.ledger, self.worked):
                async with pool.connect():
                    pass
        except Exception as error:
            if away(error) is None:
                raise


@asynccontextmanager
async def open_pools(
    dsn: str,
    direct: str,
    *,
    schema: str,
    families: int,
    by_transaction: bool,
    silence: timedelta = SILENCE,
) -> AsyncIterator[Pools]:
    """
    Args:
        direct: past a pooler, where one stands between that works ``by_transaction``.
        families: connections for families' code, in a worker and, again, where the API calls it.
        silence: in which one of our own transactions says nothing before Postgres ends it. A
            process that hangs amid one has rows locked which others need, and nobody else can take
            them away. Code of families may be as slow as it likes.
    """
    async with AsyncExitStack() as stack:

        def pool(
            size: int, patience: float = PATIENCE, settings: Mapping[str, str] | None = None
        ) -> AsyncEngine:
            opened = open_database(
                dsn,
                pool_size=size,
                schema=schema,
                settings=settings,
                by_transaction=by_transaction,
                patience=patience,
            )
            stack.push_async_callback(opened.dispose)
            return opened

        hurried = {_SILENCE: str(int(silence.total_seconds() * 1_000))}
        own = holding = pool(OWN_CONNECTIONS, settings={_NAME: "sluice", **hurried})
        if by_transaction:
            holding = open_database(direct, pool_size=1, schema=schema)
            stack.push_async_callback(holding.dispose)
        yield Pools(
            own=own,
            probes=pool(PROBE_CONNECTIONS),
            ledger=pool(
                LEDGER_CONNECTIONS,
                LEDGER_PATIENCE,
                {_NAME: "sluice ledger", **BY_INDEX, **hurried},
            ),
            called=pool(families),
            worked=pool(families, LONG_PATIENCE),
            holding=holding,
        )


async def end_hung_transactions(database: AsyncEngine, silence: timedelta) -> int:
    """End our own transactions whose process hangs amid a statement: it has had the statement
    prepared, and said nothing since. Of all silence only this goes on past Postgres' own limit,
    which holds between statements.

    Returns:
        How many were ended. Those of another user's connections are not seen.
    """
    async with reading(database) as connection:
        [(ended,)] = await fetch_raw(connection, _END_HUNG, silence)
    return int(ended)
