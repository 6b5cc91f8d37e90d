"""Everything at a glance: what a console shows first, cheap enough to be asked every second."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal, Self

import structlog
from fastapi import Depends
from pydantic import Field

from app.api.dependencies import ApiState, State, bearer
from app.api.routing import Router
from app.errors import SluiceError
from app.flow.redis_script import UNREACHABLE
from app.schemas.base import Answer, View
from app.schemas.provider_batches.answers import DelayedBatchesView
from app.schemas.runs import RunView
from app.store.database import reading
from app.store.deferred import delays
from app.store.monitoring import overview, workers
from app.store.tables.monitoring import WorkerHeartbeat
from app.store.tables.runs import Run
from app.workflows.monitoring.flow_limits import FlowState
from app.workflows.signatures import Signer
from app.workflows.throttles.looks import Held

MOST_RUNS = 20
MOST_KEYS = 10
MOST_DELAYED = 10
REDIS_SECONDS = 1.0
HOUR = timedelta(hours=1)

router = Router(prefix="/api/overview", tags=["overview"], dependencies=[Depends(bearer)])
log = structlog.get_logger("sluice.api")


class WorkerView(View):
    id: str
    host: str
    pid: int
    started_at: datetime
    last_seen_at: datetime
    concurrency: int = Field(description="items in its hands at once, at the most")
    in_hand: int = Field(description="items in its hands, also those that wait for their turn")
    threads: int = Field(description="for methods that are plain def")
    threads_busy: int
    threads_left_behind: int = Field(
        description="of those that are busy: the item has timed out, and its code goes on"
    )
    waiting_for_thread: int = Field(description="calls; the time limit of their items stands still")
    waiting_for_connection: int = Field(description="to Postgres; likewise")
    version: str

    @classmethod
    def of(cls, worker: WorkerHeartbeat) -> Self:
        return cls(**worker.model_dump(exclude={"seen_at"}), last_seen_at=worker.seen_at)


class ActiveRunView(RunView):
    items_per_second: float = Field(description="that ended, over the last ten seconds or more")

    @classmethod
    def at(cls, run: Run, cursors: Signer, held: Mapping[str, Held], pace: float) -> Self:
        shown = RunView.of(run, cursors, held).model_dump(by_alias=False)
        return cls(**shown, items_per_second=round(pace, 3))


class FlowUse(View):
    key: str
    parallelism: int | None
    in_use: int
    rate: float | None
    period_seconds: float
    starts: int = Field(description="in the last period")
    waiting: int = Field(description="items that wait for their turn in a worker")
    paused: bool
    share: float | None = Field(description="of its narrower limit that is in use; null: no limit")

    @classmethod
    def of(cls, state: FlowState) -> Self | None:
        if state.observed is None:
            return None
        control, observed = state.live.control, state.observed
        return cls(
            key=state.live.key,
            parallelism=control.parallelism,
            in_use=observed.active,
            rate=control.rate,
            period_seconds=control.period.total_seconds(),
            starts=observed.started,
            waiting=observed.waiting,
            paused=state.live.paused,
            share=state.share,
        )


class OverviewAnswer(Answer):
    now: datetime
    postgres: Literal["ok"]
    redis: Literal["ok", "away"]
    engine: Literal["postgres", "qstash"]
    qstash_away: str | None = Field(
        description="why QStash takes no messages just now; null: it does, or is not the engine"
    )
    workers: list[WorkerView]
    active_runs: list[ActiveRunView] = Field(description="at most 20: what moves, then the newest")
    items_per_second: float = Field(description="of all runs")
    failures_last_hour: int
    waiting_approval: int = Field(description="runs")
    suspended: int = Field(description="items")
    delayed_batches: list[DelayedBatchesView] = Field(
        description="by provider that does not do as it is asked; at most 10, the oldest first"
    )
    flow: list[FlowUse] = Field(description="at most 10, those nearest their limit first")


@router.get("")
async def get_overview(state: State) -> OverviewAnswer:
    flow = await _flow(state)
    async with reading(state.database) as connection:
        living = await workers.living(connection)
        active = await overview.active_runs(connection, limit=MOST_RUNS)
        paces = await overview.paces(connection)
        failures = await overview.failures(connection, within=HOUR)
        waiting = await overview.waiting(connection)
        delayed = await delays.delayed(connection, limit=MOST_DELAYED)
        held = await state.throttles.held(connection, (run.family for run in active))
    return OverviewAnswer(
        now=datetime.now(UTC),
        postgres="ok",
        redis="ok" if await _has_redis(state, flow) else "away",
        engine="postgres" if state.qstash is None else "qstash",
        qstash_away=None if state.qstash is None else state.qstash.engine.sender.why,
        workers=[WorkerView.of(worker) for worker in living],
        active_runs=[
            ActiveRunView.at(run, state.cursors, held, paces.get(run.id, 0.0)) for run in active
        ],
        items_per_second=round(sum(paces.values()), 3),
        failures_last_hour=failures,
        waiting_approval=waiting.approval,
        suspended=waiting.suspended,
        delayed_batches=[DelayedBatchesView.of(one) for one in delayed],
        flow=flow or [],
    )


async def _flow(state: ApiState) -> list[FlowUse] | None:
    """The flow keys nearest their limits; None: Redis, or QStash where it holds the limits, does
    not answer."""
    try:
        async with asyncio.timeout(REDIS_SECONDS):
            states = await state.flow.states()
    except TimeoutError:
        check = "redis" if state.qstash is None else "qstash"
        log.warning("not_ready", check=check, error="TimeoutError")
        return None
    found = [use for use in map(FlowUse.of, states) if use is not None]
    if len(found) < len(states):
        return None
    found.sort(
        key=lambda use: (-1.0 if use.share is None else use.share, use.waiting), reverse=True
    )
    return found[:MOST_KEYS]


async def _has_redis(state: ApiState, flow: list[FlowUse] | None) -> bool:
    if state.qstash is None:
        return flow is not None
    try:  # QStash was asked, and not Redis
        async with asyncio.timeout(REDIS_SECONDS):
            await state.probes["redis"]()
    except (*UNREACHABLE, SluiceError):
        return False
    return True
