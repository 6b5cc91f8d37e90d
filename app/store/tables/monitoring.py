"""Tables that are only looked at: how runs stood over time, how many of a family's eligible had a
result by day, and which workers live."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, Text
from sqlmodel import Field

from app.store.tables.base import ID, NOW, TIME, SluiceTable, made_now


class RunSample(SluiceTable, table=True):
    """How a run's counters stood at a moment. Between two samples nothing else is known."""

    __tablename__ = "run_sample"

    run_id: str = Field(primary_key=True, sa_type=ID)
    at: datetime = Field(primary_key=True, sa_type=TIME)
    scheduled: int = Field(sa_type=BigInteger)
    succeeded: int = Field(sa_type=BigInteger)
    skipped: int = Field(sa_type=BigInteger)
    failed: int = Field(sa_type=BigInteger)
    timed_out: int = Field(sa_type=BigInteger)
    cancelled: int = Field(sa_type=BigInteger)
    suspended: int = Field(sa_type=BigInteger)
    work_ms: int = Field(sa_type=BigInteger)


class Coverage(SluiceTable, table=True):
    """A family's coverage, as it was recorded last on a day, in UTC."""

    __tablename__ = "coverage"

    family: str = Field(primary_key=True, sa_type=Text)
    day: date = Field(primary_key=True, sa_type=Date)
    eligible: int = Field(sa_type=BigInteger)
    with_result: int = Field(sa_type=BigInteger)
    exact: bool
    recorded_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)


class WorkerHeartbeat(SluiceTable, table=True):
    """A worker that showed life a moment ago; it deletes its row when it stops."""

    __tablename__ = "worker"
    # Unlogged: it is written all the time, and what a crash of Postgres loses is told anew.
    __table_args__ = ({"prefixes": ["UNLOGGED"]},)

    id: str = Field(primary_key=True, sa_type=ID)
    host: str = Field(sa_type=Text)
    pid: int
    version: str = Field(sa_type=Text)
    concurrency: int
    in_hand: int
    """Items that are at work, or wait for their turn at the gate."""
    threads: int = 0
    threads_busy: int = 0
    threads_left_behind: int = 0
    """Of those that are busy: what is called there has timed out, and goes on."""
    waiting_for_thread: int = 0
    waiting_for_connection: int = 0
    started_at: datetime = Field(sa_type=TIME)
    seen_at: datetime = Field(sa_type=TIME)
