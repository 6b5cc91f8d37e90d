"""Who has a pending item in hand: a token on its row, of one delivery of one message.

Each outcome is written only where the row still carries the token of the delivery that found it
out. So whatever a message does, comes twice, late or at two workers, an item ends once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection

from app.chunks import chunked
from app.connections.arrays import joined, split
from app.connections.driver import fetch_raw
from app.store.statuses import ItemStatus

Token = tuple[int, int]
"""As in ``app.engine``."""
AT_ONCE = 100


class ItemClaim(NamedTuple):
    """An item in the hands of a delivery. Made for every item: a frozen dataclass takes longer."""

    run_id: str
    item_id: str
    token: Token

    @property
    def place(self) -> tuple[str, str]:
        return (self.run_id, self.item_id)


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """An item that could not be taken, as it stands. ``left``: until it is due; None: nothing says
    when. ``claim``: whose it is."""

    item_id: str
    status: ItemStatus
    left: timedelta | None
    claim: Token | None

    @property
    def free(self) -> bool:
        """Whether it may be claimed now."""
        return self.status is ItemStatus.PENDING and self.claim is None and self.left is None


# Nothing waits for the disk: a claim that a crash of Postgres undoes is only made again.
_UNFLUSHED = "(SELECT set_config('synchronous_commit', 'off', true)) AS unflushed"
_DUE = "(due_at IS NULL OR due_at <= now())"
# By the id's place in the arrays, and not by a join with them, which compares each row with each id
# and took four times as long.
_IDS = split(2)
_TAKE = f"""
    UPDATE sluice.item
    SET claim = ({split(3)})[array_position({_IDS}, item_id)]::bigint,
        claim_number = ({split(4)})[array_position({_IDS}, item_id)]::int
    FROM {_UNFLUSHED}
    WHERE run_id = $1::text AND item_id = ANY({_IDS}) AND status = 'pending'
      AND claim IS NULL AND {_DUE}
    RETURNING item_id, claim, claim_number, begun
"""  # noqa: S608 - no value is pasted in
_TAKE_WITH_PARTITION = f"{_TAKE}, partition"
# The tokens as texts, for a join with them may look all of the items up for each.
_TAKE_FROM = f"""
    UPDATE sluice.item SET claim = $3::bigint, claim_number = $4::int FROM {_UNFLUSHED}
    WHERE run_id = $1::text AND item_id = ANY($2::text[]) AND status = 'pending' AND {_DUE}
      AND claim || ' ' || claim_number = ANY(ARRAY(
          SELECT seq || ' ' || number FROM unnest($5::text[], $6::text[]) AS t(seq, number)
      ))
    RETURNING item_id
"""  # noqa: S608
_FREE = """
    SELECT item_id FROM sluice.item WHERE run_id = $1::text AND item_id = ANY($2::text[])
    FOR UPDATE SKIP LOCKED
"""
_STAND = """
    SELECT item_id, status, due_at - now(), claim, claim_number FROM sluice.item
    WHERE run_id = $1::text AND item_id = ANY($2::text[]) AND status IN ('pending', 'suspended')
"""
_MINE = """
    item.run_id = ANY($1::text[]) AND item.item_id = ANY($2::text[])
    AND item.run_id = t.run_id AND item.item_id = t.item_id AND item.status = 'pending'
    AND item.claim = t.claim AND item.claim_number = t.number
"""
_CLAIMS = """
    unnest($1::text[], $2::text[], $3::text[]::bigint[], $4::text[]::int[])
        AS t(run_id, item_id, claim, number)
"""
_RELEASE = f"""
    UPDATE sluice.item SET claim = NULL, claim_number = NULL FROM {_CLAIMS} WHERE {_MINE}
"""  # noqa: S608
# Nothing is written, so each can be looked up by its key (OFFSET 0 keeps it so).
_HELD = f"""
    SELECT t.run_id, t.item_id, t.claim, t.number FROM {_CLAIMS} CROSS JOIN LATERAL (
        SELECT FROM sluice.item
        WHERE item.run_id = t.run_id AND item.item_id = t.item_id AND item.status = 'pending'
          AND item.claim = t.claim AND item.claim_number = t.number
        OFFSET 0
    ) AS held
"""  # noqa: S608
_MARK = f"UPDATE sluice.item SET lost = lost + 1 FROM {_CLAIMS} WHERE {_MINE}"  # noqa: S608


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """Items of a run that a delivery is about. ``partitioned``: their family's partitions have
    limits."""

    run_id: str
    item_ids: Sequence[str]
    token: Token
    partitioned: bool = False


@dataclass(slots=True)
class Taken:
    """The items that a delivery has claimed.

    ``begun``: by id, whether an earlier delivery has left something behind. ``partitions``: by id,
    as the row has it, of families whose partitions have limits.
    """

    begun: dict[str, bool] = field(default_factory=dict)
    partitions: dict[str, str | None] = field(default_factory=dict)


async def take(tx: AsyncConnection, wanted: Sequence[ClaimRequest]) -> dict[Token, Taken]:
    """Claim those of these that are pending, due, and in nobody's hands. Returns them by token."""
    taken: dict[Token, Taken] = defaultdict(Taken)
    runs: dict[tuple[str, bool], list[tuple[str, int, int]]] = defaultdict(list)
    for one in wanted:
        asked = runs[one.run_id, one.partitioned]
        asked += ((item_id, *one.token) for item_id in one.item_ids)
    for (run_id, partitioned), every in runs.items():
        statement = _TAKE_WITH_PARTITION if partitioned else _TAKE
        for some in chunked(AT_ONCE, every):
            rows = await fetch_raw(tx, statement, run_id, *map(joined, zip(*some, strict=True)))
            for item_id, claim, number, begun, *_ in rows:
                taken[claim, number].begun[item_id] = begun
            if partitioned:
                for item_id, claim, number, _, partition in rows:
                    taken[claim, number].partitions[item_id] = partition
    return taken


async def unclaimed(tx: AsyncConnection, run_id: str, item_ids: Sequence[str]) -> list[Unclaimed]:
    """How those of these stand that have not ended."""
    rows = await fetch_raw(tx, _STAND, run_id, list(item_ids))
    return [
        Unclaimed(item_id, ItemStatus(status), left, None if claim is None else (claim, number))
        for item_id, status, left, claim, number in rows
    ]


async def take_from(
    tx: AsyncConnection,
    run_id: str,
    item_ids: Sequence[str],
    token: Token,
    former: Collection[Token],
) -> list[str]:
    """Claim those of these that are still in the hands of ``former``, which do not go on. Returns
    their ids. One that somebody has locked is left: who was only held up writes its outcome, in an
    order of its own."""
    free = [row[0] for row in await fetch_raw(tx, _FREE, run_id, list(item_ids))]
    if not free:
        return []
    numbers = [number for number, _ in former], [delivery for _, delivery in former]
    rows = await fetch_raw(tx, _TAKE_FROM, run_id, free, *token, *numbers)
    return [row[0] for row in rows]


async def release(tx: AsyncConnection, claims: Sequence[ItemClaim]) -> None:
    """Let go of those of these that are still ours. Nothing of them has begun."""
    await _each(tx, _RELEASE, claims)


async def held(tx: AsyncConnection, claims: Sequence[ItemClaim]) -> set[ItemClaim]:
    """Which of these items still carry our token."""
    rows = await fetch_raw(tx, _HELD, *_columns(claims))
    return {ItemClaim(run_id, item_id, (claim, no)) for run_id, item_id, claim, no in rows}


async def mark(tx: AsyncConnection, claims: Sequence[ItemClaim]) -> None:
    """These are about to be at work in the stead of a worker that is gone."""
    await _each(tx, _MARK, claims)


async def _each(tx: AsyncConnection, statement: str, claims: Sequence[ItemClaim]) -> None:
    """In the order of their keys, as rows are locked; some at a time, because the statement
    compares each row with each of them."""
    for some in chunked(AT_ONCE, sorted(claims)):
        await fetch_raw(tx, statement, *_columns(some))


def _columns(claims: Sequence[ItemClaim]) -> tuple[list[object], ...]:
    return (
        [one.run_id for one in claims],
        [one.item_id for one in claims],
        [one.token[0] for one in claims],
        [one.token[1] for one in claims],
    )
