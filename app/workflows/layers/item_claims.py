"""Taking a message's items in hand, and letting go of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncEngine

from app.engine import Engine, Token
from app.store.database import reading
from app.store.group_commit import GroupCommit
from app.store.items import claims, items
from app.store.items.claims import ClaimRequest, ItemClaim, Taken
from app.store.statuses import ItemStatus
from app.workflows.attempts.attempt_result import History
from app.workflows.layers.takeovers import Takeovers
from app.workflows.steps.timers import WakeUpTimers

if TYPE_CHECKING:  # it loads OpenTelemetry
    from app.tracing.run_trace import ChunkTrace, RunTrace

LET_GO_NOW = timedelta(seconds=0.1)
"""After so long a message comes again whose item somebody let go of while we looked."""
LOCKED = timedelta(seconds=1)
"""Likewise of an item that was to be taken over, and somebody has locked."""


@dataclass(slots=True)
class ClaimedItem:
    """An item in hand, and what earlier deliveries of it left behind.

    ``steps``: some are remembered. ``taken_over``: another delivery had it in hand, and ended
    without an outcome. ``lost``: see ``app.workflows.layers.losses``. ``partition``: as the item's
    row has it. ``first``: it has had no outcome of any kind. ``trace``: None: it is not traced.
    """

    claim: ItemClaim
    history: History = field(default_factory=History)
    steps: bool = False
    taken_over: bool = False
    lost: int = 0
    partition: str | None = None
    first: bool = True
    trace: ChunkTrace | None = None


@dataclass(frozen=True, slots=True)
class Hand:
    """The items that were claimed. ``left``: the time until the earliest of the others can be
    claimed; None: nothing says that one will be. A message of one item alone waits for it: those
    of many have others sent for them. ``again``: the time after which any message comes again,
    because items were passed over for which nothing else is sent; None: none were. ``trace``:
    their run's, read before the claim; None: it is not traced."""

    items: list[ClaimedItem]
    left: timedelta | None = None
    again: timedelta | None = None
    trace: RunTrace | None = None

    @property
    def taken_over(self) -> int:
        return sum(one.taken_over for one in self.items)


@contextmanager
def traced_chunk(run: RunTrace, items: Sequence[ClaimedItem], came: int) -> Iterator[None]:
    """Around what is done for the items of a delivery: those that are traced know where.

    Args:
        came: nanoseconds since 1970.
    """
    chosen = [one for one in items if run.has(one.claim.item_id)]
    if not chosen:
        yield
        return
    with run.chunk(came, len(items)) as chunk:
        for one in chosen:
            one.trace = chunk
        yield


@dataclass(slots=True)
class _Asked:
    wanted: ClaimRequest
    taken: Taken = field(default_factory=Taken)


class ItemClaimer:
    """Takes the items of many messages with one statement."""

    def __init__(
        self, database: AsyncEngine, engine: Engine, timers: WakeUpTimers, worker: str
    ) -> None:
        self._database = database
        self._engine = engine
        self._timers = timers
        self._takeovers = Takeovers(database, engine, worker)
        self._group = GroupCommit(self._take)

    async def take(
        self, run_id: str, item_ids: Sequence[str], token: Token, *, partitioned: bool = False
    ) -> Hand:
        """Claim those of these items that are due and not in the hands of another living delivery.

        Args:
            partitioned: their partitions have limits.
        """
        asked = _Asked(ClaimRequest(run_id, item_ids, token, partitioned))
        await self._group.add(asked)
        taken = asked.taken.begun
        found = [ClaimedItem(ItemClaim(run_id, item_id, token)) for item_id in taken]
        begun = {item_id for item_id, left_something in taken.items() if left_something}
        if partitioned:
            for one in found:
                one.partition = asked.taken.partitions[one.claim.item_id]
        left = again = None
        if len(taken) < len(item_ids):
            others = [item_id for item_id in item_ids if item_id not in taken]
            more, left, again = await self._from_others(run_id, others, token)
            begun |= {one.claim.item_id for one in more}
            found += more
        if begun:
            await self._load(run_id, {one.claim.item_id: one for one in found}, begun)
        return Hand(found, left, again)

    async def _take(self, asked: Sequence[_Asked]) -> None:
        async with reading(self._database) as tx:
            taken = await claims.take(tx, [one.wanted for one in asked])
        for one in asked:
            one.taken = taken.get(one.wanted.token) or Taken()

    async def release(self, held: Sequence[ItemClaim]) -> None:
        """Give back at once the items that have not begun, so that others can claim them."""
        async with reading(self._database) as tx:
            await claims.release(tx, held)

    async def _from_others(
        self, run_id: str, item_ids: Sequence[str], token: Token
    ) -> tuple[list[ClaimedItem], timedelta | None, timedelta | None]:
        """Those that a delivery had in hand which is over, and those whose wait is over; with
        ``left`` and ``again`` of ``Hand``."""
        async with reading(self._database) as tx:
            stand = await claims.unclaimed(tx, run_id, item_ids)
            held = {
                one.item_id: one.claim
                for one in stand
                if one.status is ItemStatus.PENDING and one.claim is not None
            }
            former = set(held.values())
            # That it is ours already is left from a life of which the queue's backup knows nothing,
            # or from a claim whose answer was lost.
            over = former - await self._engine.living(tx, former - {token}) if former else former
        # Rows of the others are not even locked: whoever has those goes on.
        left = {one: claim for one, claim in held.items() if claim in over}
        taken = await self._takeovers.take(run_id, left, token) if left else []
        found = [ClaimedItem(ItemClaim(run_id, one, token), taken_over=True) for one in taken]
        due = [one for one in stand if one.left is not None and one.left <= timedelta(0)]
        for one in due:
            claim = ItemClaim(run_id, one.item_id, token)
            if one.status is ItemStatus.SUSPENDED and await self._timers.wake(claim):
                found.append(ClaimedItem(claim))
        later = [one.left for one in stand if one.left is not None and one.left > timedelta(0)]
        if any(one.free for one in stand):
            later.append(LET_GO_NOW)
        again = None
        if len(taken) < len(left):
            again = LOCKED
            later.append(again)
        return found, min(later, default=None), again

    async def _load(self, run_id: str, found: dict[str, ClaimedItem], begun: set[str]) -> None:
        async with reading(self._database) as tx:
            for item, has_steps in await items.with_steps(tx, run_id, sorted(begun)):
                one = found[item.item_id]
                one.history = History(
                    item.attempts,
                    item.postponements,
                    item.executed,
                    json.dumps(item.result) if item.executed else None,
                    item.exact,
                )
                one.steps = has_steps
                one.lost = item.lost
                one.partition, one.first = item.partition, not item.begun
