"""Claims and outcomes in every order: an item ends once, and the counters are what the rows say."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.store.database import open_database
from app.store.items import claims, items, outcomes
from app.store.items.claims import ClaimRequest, ItemClaim
from app.store.items.outcomes import ItemOutcome
from app.store.runs import counters
from app.store.runs.counters import CounterDelta
from app.store.statuses import ItemStatus
from app.workflows.attempts.attempt_result import unix_us

RUN = "run_1"
IDS = ["a", "b", "c", "d"]
tokens = st.tuples(st.integers(1, 3), st.integers(1, 2))
some_ids = st.lists(st.sampled_from(IDS), min_size=1, max_size=4, unique=True)
fates = st.sampled_from(
    [ItemStatus.SUCCEEDED, ItemStatus.FAILED, ItemStatus.PENDING, ItemStatus.SKIPPED]
)


def outcome(claim: ItemClaim, status: ItemStatus, attempts: int = 1) -> ItemOutcome:
    now = unix_us()
    return ItemOutcome(
        *claim.place, *claim.token, status, attempts, 0, status is ItemStatus.SUCCEEDED, None, None,
        None, None, None, None, 0.0, 0, now, None if status is ItemStatus.PENDING else now, 1,
    )  # fmt: skip


@dataclass
class Model:
    """What is true of each item: its status, and whose it is."""

    status: dict[str, ItemStatus] = field(
        default_factory=lambda: dict.fromkeys(IDS, ItemStatus.PENDING)
    )
    holder: dict[str, tuple[int, int] | None] = field(default_factory=lambda: dict.fromkeys(IDS))

    def is_held(self, item: str, token: tuple[int, int]) -> bool:
        return self.status[item] is ItemStatus.PENDING and self.holder[item] == token

    def is_free(self, item: str) -> bool:
        return self.status[item] is ItemStatus.PENDING and self.holder[item] is None


class ClaimsMachine(RuleBasedStateMachine):
    """Each rule is one transaction, checked against the model."""

    database: AsyncEngine
    run: Callable[[Coroutine[Any, Any, Any]], Any]  # a runner's own

    @initialize()
    def begin(self) -> None:
        self.model = Model()
        self.sql("TRUNCATE sluice.run, sluice.item")
        self.sql(
            "INSERT INTO sluice.run (id, family, status, params, force, started_by, scheduled)"
            " VALUES ('run_1', 'f', 'running', '{}', false, 'test', 4)"
        )
        self.sql(
            "INSERT INTO sluice.item (run_id, item_id, status)"
            " SELECT 'run_1', unnest(ARRAY['a', 'b', 'c', 'd']), 'pending'"
        )

    @rule(ids=some_ids, token=tokens)
    def take(self, ids: list[str], token: tuple[int, int]) -> None:
        taken = self.do(lambda tx: claims.take(tx, [ClaimRequest(RUN, ids, token)]))
        expected = {one for one in ids if self.model.is_free(one)}
        assert set(taken[token].begun if token in taken else ()) == expected
        self.model.holder |= dict.fromkeys(expected, token)

    @rule(ids=some_ids, token=tokens, former=tokens)
    def take_from(self, ids: list[str], token: tuple[int, int], former: tuple[int, int]) -> None:
        taken = self.do(lambda tx: claims.take_from(tx, RUN, ids, token, [former]))
        expected = {one for one in ids if self.model.is_held(one, former)}
        assert set(taken) == expected
        self.model.holder |= dict.fromkeys(expected, token)

    @rule(ids=some_ids, token=tokens)
    def release(self, ids: list[str], token: tuple[int, int]) -> None:
        held = [ItemClaim(RUN, one, token) for one in ids]
        self.do(lambda tx: claims.release(tx, held))
        ours = [one for one in ids if self.model.is_held(one, token)]
        self.model.holder |= dict.fromkeys(ours)

    @rule(ids=some_ids, token=tokens, status=fates, attempts=st.integers(1, 2))
    def write(
        self, ids: list[str], token: tuple[int, int], status: ItemStatus, attempts: int
    ) -> None:
        self.written([(one, token) for one in ids], status, attempts)

    @rule(by=st.lists(st.tuples(st.sampled_from(IDS), tokens), min_size=2, unique=True))
    def write_together(self, by: list[tuple[str, tuple[int, int]]]) -> None:
        """Several deliveries' outcomes of the same items, of which one has the item."""
        self.written(by, ItemStatus.SUCCEEDED, attempts=1)

    def written(
        self, by: list[tuple[str, tuple[int, int]]], status: ItemStatus, attempts: int
    ) -> None:
        async def write(tx: AsyncConnection) -> int:
            found = [outcome(ItemClaim(RUN, one, token), status, attempts) for one, token in by]
            done = await outcomes.record(tx, found)
            for run_id, delta in done.runs.items():
                await counters.count(tx, run_id, delta, look_ahead=10)
            return done.number

        ours = [one for one, token in by if self.model.is_held(one, token)]
        assert self.do(write) == len(ours)
        for one in ours:
            self.model.status[one] = status
            self.model.holder[one] = None

    @rule()
    def sweep(self) -> None:
        async def swept(tx: AsyncConnection) -> set[str]:
            found = await items.lock_open(tx, RUN, after_id=None, limit=10)
            free = [one.item_id for one in found if one.claim is None]
            await items.cancel(tx, RUN, free)
            changed = CounterDelta({ItemStatus.CANCELLED: len(free)})
            await counters.count(tx, RUN, changed, look_ahead=10)
            return set(free)

        free = {one for one in IDS if self.model.is_free(one)}
        assert self.do(swept) == free
        self.model.status |= dict.fromkeys(free, ItemStatus.CANCELLED)

    @invariant()
    def the_rows_and_the_counters_are_what_happened(self) -> None:
        rows = self.sql("SELECT item_id, status, claim, claim_number FROM sluice.item")
        for item_id, status, claim, number in rows:
            assert status == self.model.status[item_id]
            if status == ItemStatus.PENDING:
                holder = None if claim is None else (claim, number)
                assert holder == self.model.holder[item_id]
        [counted] = self.sql(
            "SELECT succeeded, failed, skipped, cancelled FROM sluice.run WHERE id = 'run_1'"
        )
        ended = (
            ItemStatus.SUCCEEDED, ItemStatus.FAILED, ItemStatus.SKIPPED, ItemStatus.CANCELLED
        )  # fmt: skip
        found = list(self.model.status.values())
        assert tuple(counted) == tuple(found.count(status) for status in ended)

    def sql(self, statement: str) -> Sequence[Any]:  # rows of any shape
        async def run(tx: AsyncConnection) -> Sequence[Any]:
            found = await tx.execute(text(statement))
            return found.all() if found.returns_rows else []

        found: Sequence[Any] = self.do(run)
        return found

    def do(self, work: Any) -> Any:  # what it returns
        async def run() -> Any:
            async with self.database.begin() as tx:
                return await work(tx)

        return type(self).run(run())


def test_an_item_ends_once_whoever_claims_releases_and_writes_it_in_whichever_order(
    database_url: str,
) -> None:
    with asyncio.Runner() as runner:
        opened = open_database(database_url, pool_size=1)

        class Here(ClaimsMachine):
            database, run = opened, runner.run

        run_state_machine_as_test(
            Here,
            settings=settings(
                max_examples=25,
                stateful_step_count=15,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        runner.run(opened.dispose())
