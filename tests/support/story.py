"""What a run's events tell of it, held against the run's row."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from app.store.database import reading
from app.store.runs import events
from app.store.statuses import ENDED, RUN_TRANSITIONS, EventKind, ItemStatus, RunStatus
from app.store.tables.items import Item
from app.store.tables.runs import Run, RunEvent
from tests.support.service import Sluice

_MOVES = {
    EventKind.BEGUN: RunStatus.RUNNING,
    EventKind.PAUSED: RunStatus.PAUSED,
    EventKind.CANCELLING: RunStatus.CANCELLING,
}
AFTER_THE_END = {EventKind.RETRIED}


async def story(sluice: Sluice, run_id: str) -> list[RunEvent]:
    """The run's events, the oldest first."""
    async with reading(sluice.service.database) as connection:
        return await events.page_of_events(connection, run_id, limit=10_000)


async def kinds(sluice: Sluice, run_id: str) -> list[str]:
    return [event.kind for event in await story(sluice, run_id)]


def moves(told: Sequence[RunEvent]) -> list[RunStatus]:
    """The statuses that the events tell of, one after the other, beginning with ``pending``."""
    statuses, begun = [RunStatus.PENDING], False
    for event in told[1:]:
        kind = EventKind(event.kind)
        begun = begun or kind is EventKind.BEGUN
        if kind is EventKind.RESUMED:
            statuses.append(RunStatus.RUNNING if begun else RunStatus.PENDING)
        elif kind is EventKind.ENDED:
            statuses.append(RunStatus(str(event.reason)))
        elif kind in _MOVES:
            statuses.append(_MOVES[kind])
    return statuses


def assert_legal(run: Run, told: Sequence[RunEvent]) -> None:
    """The run went along the lifecycle's table, from its first event to where its row stands."""
    told_kinds = [EventKind(event.kind) for event in told]
    assert told_kinds[0] is EventKind.CREATED
    assert told_kinds.count(EventKind.CREATED) == 1
    assert told_kinds.count(EventKind.BEGUN) <= 1
    statuses = moves(told)
    for former, later in itertools.pairwise(statuses):
        assert later in RUN_TRANSITIONS[former], (former, later, told_kinds)
    assert statuses[-1] == run.status, told_kinds
    over = run.status in ENDED
    assert told_kinds.count(EventKind.ENDED) == over, told_kinds
    assert (run.finished_at is not None) is over
    if over:
        after = told_kinds[told_kinds.index(EventKind.ENDED) + 1 :]
        assert set(after) <= AFTER_THE_END, told_kinds


def assert_ended_rightly(run: Run, rows: Sequence[Item]) -> None:
    """Its status follows from its items, of which there are as many as layer 1 had counted."""
    assert all(row.status != ItemStatus.PENDING for row in rows)
    failed = run.failed + run.timed_out
    if run.status != RunStatus.CANCELLED:
        assert len(rows) == run.to_process
        assert run.cancelled == 0
        assert (run.status == RunStatus.SUCCEEDED) is (failed == 0)
        assert (run.status == RunStatus.FAILED) is (failed == len(rows) > 0)
