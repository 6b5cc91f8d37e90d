"""Which connections to Postgres a process may open, and for what."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from app.store.database import BY_INDEX, open_database

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


@dataclass(frozen=True, slots=True)
class Pools:
    """Each opens a connection when it is first needed, so that a process without a worker has none
    of a worker's.

    A family may hold its connection for as long as it likes: over a slow call, for example. Nothing
    but other code of families waits for it.
    """

    own: AsyncEngine
    """For the API, schedules and upkeep."""
    probes: AsyncEngine
    ledger: AsyncEngine
    """For what the layers write: by key, never by scan."""
    called: AsyncEngine
    """For families' code that the API calls: dry runs, previews."""
    worked: AsyncEngine
    """For families' code in a worker."""
    holding: AsyncEngine
    """Past a pooler, for a lock that lasts as long as its connection."""


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
        own = holding = pool(OWN_CONNECTIONS, settings=hurried)
        if by_transaction:
            holding = open_database(direct, pool_size=1, schema=schema)
            stack.push_async_callback(holding.dispose)
        yield Pools(
            own=own,
            probes=pool(PROBE_CONNECTIONS),
            ledger=pool(LEDGER_CONNECTIONS, LEDGER_PATIENCE, {**BY_INDEX, **hurried}),
            called=pool(families),
            worked=pool(families, LONG_PATIENCE),
            holding=holding,
        )
