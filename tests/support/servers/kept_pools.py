"""Pools of connections that outlive a test.

To connect, and to compile and prepare each statement anew, takes longer than most tests do with the
service that they open. What a test may do to a connection ends with it all the same: a connection
that is still in use at the test's end is closed with all others.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, fields

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from app.connections.schema import SCHEMA
from app.connections.server_urls import Urls
from app.settings import Settings
from app.store.pools import Pools, open_pools


@dataclass
class _Kept:
    pools: Pools
    stack: AsyncExitStack
    lent: bool = True

    @property
    def engines(self) -> list[AsyncEngine]:
        return [getattr(self.pools, one.name) for one in fields(self.pools)]

    @property
    def at_rest(self) -> bool:
        return not self.lent and not any(one.pool.checkedout() for one in self.engines)  # type: ignore[attr-defined]  # each is a queue's


@dataclass
class KeptPools:
    """Of one database.

    Args:
        families: connections for families' code, as ``open_pools`` takes them.
    """

    dsn: str
    families: int
    pids: set[int] = field(default_factory=set)
    """The server's processes behind their connections."""
    _kept: list[_Kept] = field(default_factory=list)

    def fit(self, settings: Settings, urls: Urls) -> bool:
        """Whether a service with these would open such pools, on this database."""
        own = (self.dsn, self.dsn, self.families, SCHEMA)
        return (urls.database, urls.direct, settings.pool_size, settings.db_schema) == own

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[Pools]:
        """To one service at a time."""
        free = [one for one in self._kept if one.at_rest]
        kept = free[0] if free else await self._opened()
        kept.lent = True
        try:
            yield kept.pools
        finally:
            kept.lent = False

    async def at_rest(self) -> bool:
        """Whether they can be kept. Else they are closed."""
        if all(one.at_rest for one in self._kept):
            return True
        await self.aclose()
        return False

    async def aclose(self) -> None:
        for one in self._kept:
            await one.stack.aclose()
        self._kept.clear()
        self.pids.clear()

    async def _opened(self) -> _Kept:
        stack = AsyncExitStack()
        pools = await stack.enter_async_context(
            open_pools(
                self.dsn, self.dsn, schema=SCHEMA, families=self.families, by_transaction=False
            )
        )
        kept = _Kept(pools, stack)
        for engine in kept.engines:
            event.listen(engine.sync_engine, "connect", self._connected)
        self._kept.append(kept)
        return kept

    def _connected(self, connection: object, _record: object) -> None:
        self.pids.add(connection.driver_connection.get_server_pid())  # type: ignore[attr-defined]  # asyncpg's
