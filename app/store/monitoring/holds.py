"""What is held for a while, and when each family's throttle was looked at."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.ext.asyncio import AsyncConnection

from app.connections.driver import fetch_raw
from app.redaction.redactor import redacted
from app.store.storable import storable

_STANDING = """
    SELECT key, cause, reason, since, again_at, until, until - now() FROM sluice.flow_hold
    WHERE until > now()
      AND (cause = $1::text AND key = ANY($2::text[]) OR cause = $3::text AND key = ANY($4::text[]))
"""
_PUT = """
    WITH former AS (
        SELECT since FROM sluice.flow_hold
        WHERE key = $1::text AND cause = $2::text AND until > now()
    )
    INSERT INTO sluice.flow_hold AS h (key, cause, reason, since, again_at, until)
    VALUES ($1::text, $2::text, $3::text, coalesce((SELECT since FROM former), now()),
            now() + $4::interval, now() + $5::interval)
    ON CONFLICT (key, cause) DO UPDATE SET
        reason = excluded.reason, since = excluded.since, again_at = excluded.again_at,
        until = excluded.until
    RETURNING NOT EXISTS (SELECT FROM former)
"""
# The same answer to many changes nothing after the first, and a shorter one never does.
_EXTEND = """
    INSERT INTO sluice.flow_hold AS h (key, cause, reason, since, again_at, until)
    VALUES ($1::text, $2::text, $3::text, now(), now() + $4::interval, now() + $4::interval)
    ON CONFLICT (key, cause) DO UPDATE SET
        reason = excluded.reason, again_at = excluded.again_at, until = excluded.until,
        since = CASE WHEN h.until > now() THEN h.since ELSE excluded.since END
    WHERE h.until < excluded.until
    RETURNING since = now()
"""
_LIFT = "DELETE FROM sluice.flow_hold WHERE key = $1::text AND cause = $2::text RETURNING since"
_END_TOLD = """
    DELETE FROM sluice.flow_hold WHERE key = $1::text AND cause = $2::text AND until > now()
    RETURNING reason, until
"""
_LOOKED = """
    INSERT INTO sluice.throttle_look (family, look_at, good_until)
    VALUES ($1::text, now() + $2::interval, now() + $3::interval)
    ON CONFLICT (family) DO UPDATE SET
        look_at = excluded.look_at, good_until = excluded.good_until
"""
_GOOD_FOR = """
    SELECT good_until - now() FROM sluice.throttle_look
    WHERE family = $1::text AND good_until > now()
"""
_DUE = """
    SELECT f.name FROM unnest($1::text[]) AS f(name)
    WHERE EXISTS (SELECT FROM sluice.run WHERE family = f.name AND finished_at IS NULL)
      AND NOT EXISTS (
          SELECT FROM sluice.throttle_look WHERE family = f.name AND look_at > now()
      )
"""


class Cause(StrEnum):
    """Why something is held. Of one key each may hold by itself."""

    THROTTLE = "throttle"  # a family's check says that all is not well
    TOLD = "told"  # who is called has said when to come again


@dataclass(frozen=True, slots=True)
class HoldRow:
    """``left``: from now until it ends by itself."""

    key: str
    cause: str
    reason: str
    since: datetime
    again_at: datetime
    until: datetime
    left: timedelta

    @property
    def told_until(self) -> datetime | None:
        """The end that the other side named; None: a check decides."""
        return self.until if self.cause == Cause.TOLD else None


async def standing(
    tx: AsyncConnection, throttled: Collection[str], told: Collection[str]
) -> list[HoldRow]:
    """Those that have not ended.

    Args:
        throttled: families.
        told: flow keys, as the gate counts them.
    """
    args = (Cause.THROTTLE, list(throttled), Cause.TOLD, list(told))
    return [HoldRow(*row) for row in await fetch_raw(tx, _STANDING, *args)]


async def extend(tx: AsyncConnection, key: str, reason: str, until: timedelta) -> bool:
    """Hold a flow key because who is called says so, unless it is held for longer already. Returns
    whether it was free before.

    Args:
        until: from now, by the clock of the database.
    """
    found = await fetch_raw(tx, _EXTEND, key, Cause.TOLD, storable(redacted(reason)), until)
    return bool(found and found[0][0])


async def put(
    tx: AsyncConnection, key: str, cause: Cause, reason: str, *, again: timedelta, until: timedelta
) -> bool:
    """Hold it, or go on holding it. Returns whether it was free before.

    Args:
        again, until: from now: see ``FlowHold``.
    """
    said = storable(redacted(reason))
    [(began,)] = await fetch_raw(tx, _PUT, key, cause, said, again, until)
    return bool(began)


async def lift(tx: AsyncConnection, key: str, cause: Cause) -> datetime | None:
    """Since when it was held; None: it was not."""
    found = await fetch_raw(tx, _LIFT, key, cause)
    return found[0][0] if found else None


async def end_told(tx: AsyncConnection, key: str) -> tuple[str, datetime] | None:
    """Let the flow key go on before the time that was told. Returns why it was held, and until
    when; None: it was not."""
    found = await fetch_raw(tx, _END_TOLD, key, Cause.TOLD)
    return (found[0][0], found[0][1]) if found else None


async def looked(
    tx: AsyncConnection, family: str, *, again: timedelta, good_for: timedelta
) -> None:
    await fetch_raw(tx, _LOOKED, family, again, good_for)


async def good_for(tx: AsyncConnection, family: str) -> timedelta | None:
    """How long the last look is good for; None: not any more."""
    found = await fetch_raw(tx, _GOOD_FOR, family)
    return found[0][0] if found else None


async def due(tx: AsyncConnection, families: Sequence[str]) -> list[str]:
    """Those of these that have a run that has not ended, and whose next look is due."""
    return [row[0] for row in await fetch_raw(tx, _DUE, list(families))]
