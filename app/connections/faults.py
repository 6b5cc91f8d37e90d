"""What is away: how it is told, and that the same fault does not fill the log."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import structlog
from redis.exceptions import (
    AuthenticationError,
    NoPermissionError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.errors import Unavailable
from app.redaction.redactor import redacted

AGAIN = 300.0
"""Seconds between two lines of a fault that lasts."""
MOST_REASONS = 5
"""Of one fault: each is told at once, and others wait for the next line that is due."""

READ_ONLY = (
    "Postgres takes no writes: it is a standby, or default_transaction_read_only is on. Lead"
    " DATABASE_URL to the primary."
)
OF_POSTGRES = {
    "25006": READ_ONLY,
    "53300": "Postgres has no connection left: raise its max_connections, or lower"
    " SLUICE_POOL_SIZE.",
    "53100": "Postgres's disk is full.",
    "3D000": "The database that DATABASE_URL names does not exist.",
    "28P01": "Postgres refuses the user or the password of DATABASE_URL.",
    "28000": "Postgres refuses the user of DATABASE_URL from here: see its pg_hba.conf.",
    "57P03": "Postgres is starting or stopping.",
}
"""By SQLSTATE. None of them is a mistake of ours, and trying again may help."""
DEADLOCK = "40P01"
"""Postgres has ended a transaction because it and another waited for each other."""
OUT_OF_TIME = "57014"
"""Postgres has ended a statement because its time was over."""
_REFUSED = re.compile(
    "invalid username-password|WRONGPASS|NOAUTH|authentication required", re.IGNORECASE
)
"""What redis-py raises as an error of the connection, where it was told so while it connected."""
_REDIS_AWAY = ("LOADING", "BUSY", "MASTERDOWN", "TRYAGAIN", "CLUSTERDOWN", "NOREPLICAS", "MISCONF")
"""How answers begin of a Redis that is not ready."""
OF_ASYNCPG = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
_AWAY_CLASSES = ("08", "53", "57P", "58")


def sqlstate(error: BaseException) -> str:
    """The SQLSTATE of an error of Postgres, however it is wrapped; "" for any other error."""
    error = by_driver(error)
    return str(getattr(error, "sqlstate", None) or getattr(error, "pgcode", None) or "")


def by_driver(error: BaseException) -> BaseException:
    """What the driver raised, below what SQLAlchemy and its adapter made of it; any other error is
    itself."""
    if not isinstance(error, DBAPIError) or error.orig is None:
        return error
    past_the_adapter = isinstance(error.orig, OF_ASYNCPG)
    return error.orig if past_the_adapter else error.orig.__cause__ or error.orig


def away(error: BaseException) -> str | None:
    """A sentence without secrets, if a server is away or not as it must be; None: something else
    is wrong, such as a mistake of ours."""
    if isinstance(error, Unavailable):
        return error.detail
    state = sqlstate(error)
    if state in OF_POSTGRES:
        return OF_POSTGRES[state]
    if isinstance(error, RedisError):
        return _of_redis(error)
    raised = by_driver(error)
    if getattr(raised, "severity_en", None) in ("FATAL", "PANIC"):
        # It ended the session, or began none: a limit of a role, a database that lets nobody in.
        return "Postgres lets nobody in just now."
    if isinstance(error, PoolTimeout):
        return "All of this process's Postgres connections are taken: raise SLUICE_POOL_SIZE."
    lost = isinstance(error, DBAPIError) and (
        error.connection_invalidated or isinstance(error.orig, OSError)
    )
    if lost or state.startswith(_AWAY_CLASSES):
        return "Postgres does not answer just now."
    if isinstance(error, OSError):  # a TimeoutError is one
        return "The database or Redis does not answer just now."
    broken = isinstance(raised, (asyncpg.InterfaceError, asyncpg.InternalClientError))
    if broken and not isinstance(
        raised, ValueError
    ):  # which an argument of ours that does not fit is
        return "The connection to Postgres was lost."
    return None


def _of_redis(error: RedisError) -> str | None:
    if isinstance(error, NoPermissionError):
        return "Redis refuses its user a right: it needs every key and channel of the prefix."
    if isinstance(error, AuthenticationError) or _REFUSED.search(str(error)):
        return "Redis refuses the user or the password of REDIS_URL."
    if isinstance(error, ReadOnlyError):
        return "Redis takes no writes: REDIS_URL leads to a replica. Lead it to the primary."
    if str(error).startswith("OOM"):
        return "Redis's memory is full: raise its maxmemory."
    if isinstance(error, ResponseError) and not str(error).startswith(_REDIS_AWAY):
        return None  # it answers that a command, or a script, of ours is wrong
    return "Redis does not answer just now."


def said(error: BaseException) -> str:
    """What it says itself, on one line, for the log."""
    inner = by_driver(error)
    lines = redacted(str(inner)).strip().splitlines()
    return f"{type(inner).__name__}: {lines[0][:300]}" if lines else type(inner).__name__


@dataclass(slots=True)
class Fault:
    """A trouble of one loop, which is logged when it begins, now and then while it lasts, and when
    it ends.

    Args:
        event: the constant name under which it is logged, with ``state`` began, lasts, ended.
    """

    log: Any  # structlog's logger is of several classes
    event: str
    every: float = AGAIN
    _since: float | None = None
    _told_at: float = 0.0
    _times: int = 0
    _reasons: set[str] = field(default_factory=set)

    @property
    def lasts(self) -> bool:
        return self._since is not None

    def seen(self, error: BaseException, **fields: object) -> None:
        """Say that it has happened, perhaps again."""
        now = time.monotonic()
        began = self._since is None
        if self._since is None:
            self._since = now
        self._times += 1
        known, reason = away(error), said(error)
        new = reason not in self._reasons and len(self._reasons) < MOST_REASONS
        if not (began or new or now - self._told_at >= self.every):
            return
        self._reasons.add(reason)
        self._told_at = now
        if known is not None:
            fields["reason"] = known
        elif new:
            fields["exc_info"] = error  # nothing is away: the place where it arose is what tells
        self.log.warning(
            self.event,
            state="began" if began else "lasts",
            error=reason,
            times=self._times,
            **fields,
        )

    def over(self, **fields: object) -> None:
        """All is well. Costs nothing where it was before."""
        if self._since is None:
            return
        lasted = round(time.monotonic() - self._since, 1)
        self.log.warning(
            self.event, state="ended", lasted_seconds=lasted, times=self._times, **fields
        )
        self._since, self._times = None, 0
        self._reasons.clear()


def fault(name: str, event: str) -> Fault:
    return Fault(structlog.get_logger(name), event)
