"""Flow keys that are held because who is called has said when to come again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from app.flow.overrides import EffectiveLimits
from app.store.group_commit import GroupCommit
from app.store.monitoring import holds
from app.store.storable import cut

SHORTEST = timedelta(seconds=1)
LONGEST = timedelta(hours=1)
"""Who has taken milliseconds for seconds shall not stop a key for a year."""
LONGEST_REASON = 500

log = structlog.get_logger("sluice.throttle")


@dataclass(frozen=True, slots=True)
class ToldHold:
    key: str
    reason: str
    until: timedelta


class ToldHolds:
    """Writes the holds that one worker was told of, where every process reads them.

    Args:
        tell: wakes every process to read what is held.
    """

    def __init__(
        self,
        database: AsyncEngine,
        controls: EffectiveLimits,
        tell: Callable[[str], Awaitable[None]],
    ) -> None:
        self._database = database
        self._controls = controls
        self._tell = tell
        self._group = GroupCommit(self._write)

    async def hold(self, flow_key: str, delay: timedelta, reason: str) -> None:
        """Return when nothing starts here any more under the flow key, nor under another that
        shares its limit, and the other processes are told.

        Where it is held already, whichever ends later counts.
        """
        key = self._controls.of(flow_key).key
        until = min(max(delay, SHORTEST), LONGEST)
        await self._group.add(ToldHold(key, cut(reason, LONGEST_REASON), until))

    async def _write(self, asked: Sequence[ToldHold]) -> None:
        longest: dict[str, ToldHold] = {}
        for one in asked:
            if one.key not in longest or one.until > longest[one.key].until:
                longest[one.key] = one
        began: list[ToldHold] = []
        async with self._database.begin() as tx:
            # In the order of their keys, so that two processes never wait for each other's rows.
            for _, one in sorted(longest.items()):
                if await holds.extend(tx, one.key, one.reason, one.until):
                    began.append(one)
        await self._controls.refresh()
        for one in began:
            log.warning(
                "flow_held", key=one.key, seconds=one.until.total_seconds(), reason=one.reason
            )
        for key in longest:
            await self._tell(key)
