"""Checks that come with Sluice: of its own database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from app.errors import ConfigurationError
from app.store.database import reading
from app.store.monitoring import database_health
from app.workflows.contract.context import Context


@dataclass(frozen=True, slots=True)
class ReplicationLag:
    """No replica of the database may lag by more. Where there is none, all is well.

    The user of ``DATABASE_URL`` must be allowed to see the lag (``GRANT pg_monitor``).
    """

    most: timedelta

    def __post_init__(self) -> None:
        _require_time("ReplicationLag", self.most)

    async def __call__(self, ctx: Context) -> str | None:
        async with reading(ctx.services.database) as connection:
            lag = await database_health.replica_lag(connection)
        if lag.hidden:
            return (
                "replication lag is not known: Postgres does not show it to the user of"
                " DATABASE_URL, who needs GRANT pg_monitor"
            )
        if lag.longest <= self.most:
            return None
        return f"replication lag {_seconds(lag.longest)}, more than {_seconds(self.most)}"


@dataclass(frozen=True, slots=True)
class LongTransactions:
    """No transaction of the database may be open for longer, idle or prepared ones included: what
    has been deleted since stays in the tables until it ends.

    Another user's are seen by a member of ``pg_read_all_stats`` alone.
    """

    most: timedelta

    def __post_init__(self) -> None:
        _require_time("LongTransactions", self.most)

    async def __call__(self, ctx: Context) -> str | None:
        async with reading(ctx.services.database) as connection:
            oldest = await database_health.oldest_transaction(connection)
        if oldest is None or oldest[0] <= self.most:
            return None
        age, name = oldest
        return f"a transaction has been open for {_seconds(age)} ({name})"


@dataclass(frozen=True, slots=True)
class DeadTuples:
    """Neither the queue's tables nor that of items may hold more dead rows: vacuum is behind then,
    and every look at them takes longer."""

    most: int

    def __post_init__(self) -> None:
        if self.most < 1:
            raise ConfigurationError(
                f"DeadTuples(most=…) is a number of rows above 0, not {self.most!r}."
            )

    async def __call__(self, ctx: Context) -> str | None:
        async with reading(ctx.services.database) as connection:
            table, number = await database_health.most_dead_rows(connection)
        if number <= self.most:
            return None
        return f"the table {table} has {number:,} dead rows, more than {self.most:,}"


def _require_time(what: str, value: object) -> None:
    if not (isinstance(value, timedelta) and value > timedelta(0)):
        raise ConfigurationError(
            f"{what}(most=…) is a timedelta above 0, such as timedelta(seconds=30), not {value!r}."
        )


def _seconds(time: timedelta) -> str:
    seconds = time.total_seconds()
    return f"{seconds:.3g} s" if seconds < 10 else f"{seconds:,.0f} s"
