"""Writing what deliveries found out about their items."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from operator import attrgetter

from sqlalchemy.ext.asyncio import AsyncConnection

from app.chunks import chunked
from app.connections.arrays import joined, moment, split
from app.connections.driver import fetch_raw
from app.store.runs.counters import CounterDelta
from app.store.statuses import ItemStatus
from app.store.storable import storable

# Hot statements go to the driver as they stand: compiling them costs more than running them.
_COLUMNS = {
    "run_id": "text",
    "item_id": "text",
    "status": "text",
    "attempts": "int",
    "postponements": "int",
    "executed": "bool",
    "result": "text",
    "exact": "text",
    "error_class": "text",
    "error_message": "text",
    "error_traceback": "text",
    "error_group": "text",
    "spent_usd": "float8",
    "spent_tokens": "bigint",
    "started_us": "bigint",
    "finished_us": "bigint",
    "due_in": "interval",
    "work_ms": "int",
    "claim": "bigint",
    "number": "int",
}
_TEXTS = ("error_class", "error_message", "error_traceback", "error_group")
_ARRAYS = ", ".join(f"${n}::text[]::{kind}[]" for n, kind in enumerate(_COLUMNS.values(), start=1))
# Only a pending item in the hands of this very delivery takes its outcome, so the rows that come
# back are exactly what changed.
_RECORD = f"""
    UPDATE sluice.item
    SET status = t.status, attempts = t.attempts, postponements = t.postponements,
        executed = t.executed, result = t.result::jsonb, exact = t.exact, lost = 0,
        error_class = t.error_class,
        error_message = t.error_message, error_traceback = t.error_traceback,
        error_group = t.error_group, spent_usd = item.spent_usd + t.spent_usd,
        spent_tokens = item.spent_tokens + t.spent_tokens,
        started_at = {moment("t.started_us")}, finished_at = {moment("t.finished_us")},
        due_at = now() + t.due_in,
        claim = NULL, claim_number = NULL, begun = true
    FROM unnest({_ARRAYS}) AS t({", ".join(_COLUMNS)})
    WHERE item.run_id = ANY($1::text[]) AND item.item_id = ANY($2::text[])
      AND item.claim = t.claim AND item.item_id = t.item_id AND item.run_id = t.run_id
      AND item.claim_number = t.number AND item.status = 'pending'
    RETURNING t.run_id, t.item_id, t.status, t.work_ms, t.spent_usd, t.spent_tokens
"""  # noqa: S608 - no value is pasted in

# Nearly all outcomes are first-time successes, of which only these columns differ: a third of the
# values to encode, and one row of answer instead of one for each item. Rows are found by `= ANY`: a
# plan for a join with `unnest` alone that is made, and kept, while the table is empty reads all of
# the run for each batch (docs/decisions/0005). What goes with a row is taken by its id's place in
# the arrays: beside `= ANY`, a join compares each row with each id. In either form a row is matched
# with all that was asked for, so a statement takes no more than so many.
_AT_ONCE = 100
_IDS = split(2)
_PLACE = f"array_position({_IDS}, item_id)"
_VARYING = ("item_id", "result", "started_us", "finished_us", "work_ms", "claim", "number")
_RECORD_SUCCESSES = f"""
    WITH changed AS (
        UPDATE sluice.item
        SET status = 'succeeded', attempts = 1, postponements = 0, executed = true, exact = NULL,
            error_class = NULL, error_message = NULL, error_traceback = NULL, error_group = NULL,
            result = ({split(3)})[{_PLACE}]::jsonb,
            started_at = {moment(f"({split(4)})[{_PLACE}]")},
            finished_at = {moment(f"({split(5)})[{_PLACE}]")}
        WHERE run_id = $1::text AND item_id = ANY({_IDS}) AND status = 'pending'
          AND claim = ({split(7)})[{_PLACE}]::bigint
          AND claim_number = ({split(8)})[{_PLACE}]::int
        RETURNING ({split(6)})[{_PLACE}]::int AS work_ms, item_id
    )
    SELECT count(*), coalesce(sum(work_ms), 0)::bigint FROM changed
"""  # noqa: S608
# The same, and which those were, where it is not all of them.
_WHICH = f"CASE WHEN count(*) < cardinality({_IDS}) THEN array_agg(item_id) END"
_RECORD_SUCCESSES_NAMED = _RECORD_SUCCESSES.replace(
    "::bigint FROM changed", f"::bigint, {_WHICH} FROM changed"
)


@dataclass(slots=True)
class ItemOutcome:
    """What one delivery found out about its item. ``pending``: another attempt will follow.

    ``claim`` and ``number`` are the token under which the delivery has the item.

    ``started_us`` and ``finished_us`` are Unix microseconds.

    ``result`` is JSON, ``exact`` as in ``app.workflows.serialization.results``. ``work_ms`` is how
    long the family's methods took; that, and what was spent, is of this delivery alone.
    """

    run_id: str
    item_id: str
    claim: int
    number: int
    status: ItemStatus
    attempts: int
    postponements: int
    executed: bool
    result: str | None
    exact: str | None
    error_class: str | None
    error_message: str | None
    error_traceback: str | None
    error_group: str | None
    spent_usd: float
    spent_tokens: int
    started_us: int
    finished_us: int | None
    work_ms: int
    due_in: timedelta | None = None
    """When a pending item may be taken again, and a suspended one goes on by itself; None: at once,
    and when somebody says so."""

    @property
    def plain(self) -> bool:
        """A success at the first attempt, which spent nothing, and whose result is JSON."""
        return (
            self.status is ItemStatus.SUCCEEDED
            and self.attempts == 1
            and self.postponements == 0
            and self.exact is None
            and not (self.spent_usd or self.spent_tokens)
        )


_KEY = attrgetter("run_id", "item_id")


@dataclass(slots=True)
class Recorded:
    """What ``record`` changed. ``put_off``: the items that are not ended, by run and id;
    ``succeeded``: those that are, so, of the runs of which it was asked."""

    runs: dict[str, CounterDelta]
    put_off: set[tuple[str, str]]
    number: int = 0
    succeeded: list[tuple[str, str]] = field(default_factory=list)
    written: set[tuple[str, str]] = field(default_factory=set)
    """All of the runs of which it was asked."""


async def record(
    tx: AsyncConnection, records: Sequence[ItemOutcome], *, named: Collection[str] = ()
) -> Recorded:
    """Write the records of items that are still pending and ours. The rows are locked by their
    keys, those of ordinary successes before those of others.

    Args:
        named: the runs of which to tell what has succeeded.
    """
    changed: dict[str, CounterDelta] = defaultdict(lambda: CounterDelta(defaultdict(int)))
    done = Recorded(changed, set())
    plain: dict[str, list[ItemOutcome]] = defaultdict(list)
    others: list[ItemOutcome] = []
    for one in sorted(records, key=_KEY):
        (plain[one.run_id] if one.plain else others).append(one)
    for run_id in sorted(plain):
        every = (some for once in _apart(plain[run_id]) for some in chunked(_AT_ONCE, once))
        for some in every:
            await _record_successes(tx, run_id, some, done, named=run_id in named)
    for few in chunked(_AT_ONCE, others):
        columns = (_column(few, name) for name in _COLUMNS)
        for run_id, item_id, status, work_ms, usd, tokens in await fetch_raw(tx, _RECORD, *columns):
            done.number += 1
            if status in (ItemStatus.PENDING, ItemStatus.SUSPENDED):
                done.put_off.add((run_id, item_id))
            if run_id in named:
                done.written.add((run_id, item_id))
                if status == ItemStatus.SUCCEEDED:
                    done.succeeded.append((run_id, item_id))
            _count(changed[run_id], status, work_ms, usd, tokens)
    return done


async def _record_successes(
    tx: AsyncConnection, run_id: str, some: Sequence[ItemOutcome], done: Recorded, *, named: bool
) -> None:
    values = (joined(map(attrgetter(name), some)) for name in _VARYING)
    statement = _RECORD_SUCCESSES_NAMED if named else _RECORD_SUCCESSES
    [(number, work_ms, *ids)] = await fetch_raw(tx, statement, run_id, *values)
    if number:
        done.number += number
        done.runs[run_id].outcomes[ItemStatus.SUCCEEDED] += number
        done.runs[run_id].work_ms += work_ms
        if named:
            those = [one.item_id for one in some] if number == len(some) else ids[0]
            places = [(run_id, item_id) for item_id in those]
            done.succeeded += places
            done.written.update(places)


def _count(run: CounterDelta, status: ItemStatus, work_ms: int, usd: float, tokens: int) -> None:
    run.spent_usd += usd
    run.spent_tokens += tokens
    if status == ItemStatus.SUSPENDED:
        run.suspended += 1
    elif status != ItemStatus.PENDING:
        run.outcomes[status] += 1
        run.work_ms += work_ms


def _apart(records: Sequence[ItemOutcome]) -> list[Iterable[ItemOutcome]]:
    """Groups in which each item of the run stands once: one that was taken over from a delivery of
    our own that hung may end in both at the same moment."""
    groups: list[dict[str, ItemOutcome]] = [{}]
    for one in records:
        group = next((known for known in groups if one.item_id not in known), None)
        if group is None:
            groups.append(group := {})
        group[one.item_id] = one
    return [group.values() for group in groups]


def _column(records: Sequence[ItemOutcome], name: str) -> list[object]:
    if name in _TEXTS:
        return [storable(getattr(one, name)) for one in records]
    return [getattr(one, name) for one in records]
