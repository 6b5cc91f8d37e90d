"""Transactions that want the same items meet at the worst moment: each comes to its end, and
Postgres ends none of them. On rows alone, so that the moment is certain."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy import text

from app.store.items.claims import ItemClaim
from app.store.items.outcomes import ItemOutcome
from app.store.runs import runs
from app.store.statuses import ItemStatus, StepKind, StepStatus
from app.store.steps import suspension
from app.store.steps.steps import ItemId, StepRecord
from app.store.tables.runs import Run
from app.workflows.attempts.attempt_result import unix_us
from app.workflows.attempts.delivery_result import DeliveryResult
from app.workflows.events.inbox import SentEvent
from app.workflows.layers.outcome_writer import OutcomeWriter
from app.workflows.steps.suspension import PendingWait
from tests.support.families import Recording
from tests.support.service import Opener, Sluice, assert_exact

PARENTS = "run_1"
CHILD = {"p1": "run_2", "p2": "run_3"}
"""By the item that waits for it: the run of its child."""
TOKEN = (7, 1)
NUMBER = 30


async def run_of(sluice: Sluice, run_id: str, items: Sequence[str], **of: str) -> None:
    run = Run(
        id=run_id, family="recording", status="running", started_by="test", paged=True,
        scheduled=len(items), started_at=datetime.now(UTC), parent_run=of.get("run"),
        parent_item=of.get("item"), parent_step=of.get("step"),
    )  # fmt: skip
    async with sluice.service.database.begin() as tx:
        await runs.insert_run(tx, run)
    await sluice.sql(
        "INSERT INTO sluice.item (run_id, item_id, status, claim, claim_number)"
        " SELECT :run, unnest(CAST(:ids AS text[])), 'pending', :claim, :number",
        run=run_id, ids=list(items), claim=TOKEN[0], number=TOKEN[1],
    )  # fmt: skip


@asynccontextmanager
async def families_of_two(opener: Opener) -> AsyncIterator[Sluice]:
    """Two items, each of which has begun a child."""
    async with opener(Recording()) as sluice:
        await run_of(sluice, PARENTS, list(CHILD))
        for parent, child in CHILD.items():
            await run_of(sluice, child, ["c"], run=PARENTS, item=parent, step="kid")
            await sluice.sql(
                "INSERT INTO sluice.step (run_id, item_id, name, kind, status, position, alone,"
                " item_attempt, started_at, child_run) VALUES"
                " (:run, :item, 'kid', 'child', 'waiting', 1, true, 1, now(), :child)",
                run=PARENTS, item=parent, child=child,
            )  # fmt: skip
        yield sluice


def suspended(parent: str) -> DeliveryResult:
    """It waits for its child."""
    record = StepRecord(
        PARENTS, parent, "kid", StepKind.CHILD, StepStatus.WAITING, 1, True, 1, datetime.now(UTC)
    )
    waits = [PendingWait(record, None, fresh=False)]
    outcome = ended((PARENTS, parent), ItemStatus.SUSPENDED)
    return DeliveryResult("recording", outcome, waits=waits)


def child_of(parent: str, status: ItemStatus = ItemStatus.SUCCEEDED) -> DeliveryResult:
    outcome = ended((CHILD[parent], "c"), status)
    return DeliveryResult("recording", outcome, parent=(PARENTS, parent))


def ended(place: ItemId, status: ItemStatus) -> ItemOutcome:
    now = unix_us()
    finished = None if status is ItemStatus.SUSPENDED else now
    return ItemOutcome(
        *place, *TOKEN, status, 1, 0, True, "1", None, None, None, None, None, 0.0, 0, now,
        finished, 1,
    )  # fmt: skip


async def written(sluice: Sluice, *endings: DeliveryResult) -> None:
    """As one worker writes them, in one transaction."""
    service = sluice.service
    writer = OutcomeWriter(
        service.pools.ledger, service.engine, service.reconciler.lifecycle, look_ahead=100,
        changed=lambda _run: None, windows=service.reconciler.windows,
    )  # fmt: skip
    await writer._commit(endings)


async def assert_goes_on(sluice: Sluice, parent: str) -> None:
    """Its child has told it, and a message is on its way."""
    [row] = await sluice.sql(
        "SELECT status, due_at IS NOT NULL, EXISTS (SELECT FROM sluice.message WHERE id LIKE"
        " '%' || run_id || '%' || item_id), (SELECT step.status FROM sluice.step WHERE"
        " step.run_id = item.run_id AND step.item_id = item.item_id) FROM sluice.item"
        " WHERE run_id = :run AND item_id = :item",
        run=PARENTS, item=parent,
    )  # fmt: skip
    assert tuple(row) == ("suspended", True, True, "done")


async def test_workers_that_end_each_other_s_children_pass_one_another(opener: Opener) -> None:
    """Each suspends an item whose child the other ends: before, each had its item when it came to
    tell the other's."""
    async with families_of_two(opener) as sluice:
        async with sluice.service.database.begin() as tx:
            await runs.lock(tx, PARENTS)
            # Both are amid their transactions, and what they have they keep.
            writing = [
                asyncio.create_task(written(sluice, suspended("p1"), child_of("p2"))),
                asyncio.create_task(written(sluice, suspended("p2"), child_of("p1"))),
            ]
            await sluice.held_up(2)
        await asyncio.gather(*writing)
        for parent, child in CHILD.items():
            await assert_goes_on(sluice, parent)
            assert (await sluice.run(child)).status == "succeeded"
        assert_exact(await sluice.run(PARENTS), await sluice.items(PARENTS))


async def test_who_cancels_a_child_passes_whose_worker_ends_it(opener: Opener) -> None:
    """The sweep has the child's item, and the worker its parent, which the sweep is to tell."""
    async with families_of_two(opener) as sluice:
        await sluice.sql("UPDATE sluice.run SET status = 'cancelling' WHERE id = 'run_2'")
        async with sluice.service.database.begin() as tx:
            await runs.lock(tx, "run_2")
            sweep = asyncio.create_task(sluice.service.reconciler.sweep("run_2", seconds=30))
            await sluice.held_up()
            worker = asyncio.create_task(
                written(sluice, suspended("p1"), child_of("p1", ItemStatus.FAILED))
            )
            await sluice.held_up(2)
        await asyncio.gather(sweep, worker)
        await assert_goes_on(sluice, "p1")
        assert (await sluice.run("run_2")).status == "cancelled"
        assert_exact(await sluice.run(PARENTS), await sluice.items(PARENTS))


async def test_who_answers_has_no_message_when_it_comes_to_the_run(opener: Opener) -> None:
    """Whoever has the run's row may be about to publish, and wait for a message."""
    async with families_of_two(opener) as sluice:
        await written(sluice, suspended("p1"))
        await sluice.sql("UPDATE sluice.step SET kind = 'suspend', status = 'suspended'")
        answering = sluice.service.api.answering
        question = await answering.question(PARENTS, "p1", None)
        async with sluice.service.database.begin() as tx:
            await runs.lock(tx, PARENTS)
            answer = asyncio.create_task(answering.answer(question, "yes", by="test"))
            await sluice.held_up()
            # It would wait for the answer's commit, if that had published already.
            await tx.execute(text("SET LOCAL lock_timeout = '10 s'"))
            await tx.execute(
                text(
                    "INSERT INTO sluice.message (id, flow_key, payload, size, priority, due_at)"
                    " SELECT id, 'recording.execute', '', 1, 5, now() FROM (VALUES (:id)) AS t(id)"
                    " ON CONFLICT (id) DO NOTHING"
                ),
                {"id": f"item:{PARENTS}:p1"},
            )
            await tx.rollback()
        await answer


async def test_an_event_and_timeouts_of_the_same_items_pass_one_another(opener: Opener) -> None:
    """In whichever order the timeouts come."""
    items = [f"i{number:03}" for number in range(NUMBER)]
    async with opener(Recording()) as sluice:
        await run_of(sluice, PARENTS, items[::-1])
        await sluice.sql(
            "UPDATE sluice.item SET status = 'suspended', due_at = now(), claim = NULL"
        )
        await sluice.sql("UPDATE sluice.run SET suspended = scheduled")
        await sluice.sql("INSERT INTO sluice.event_place (name, place) VALUES ('paid', 'id')")
        await sluice.sql(
            "INSERT INTO sluice.step (run_id, item_id, name, kind, status, position, alone,"
            " item_attempt, started_at, due_at, event, event_place, event_value) SELECT run_id,"
            " item_id, 'paid', 'event', 'waiting', 1, true, 1, now(), due_at, 'paid', 'id', 'v'"
            " FROM sluice.item"
        )
        claims = [ItemClaim(PARENTS, item_id, (9, 1)) for item_id in items[::-1]]

        async def time_out() -> int:
            async with sluice.service.pools.ledger.begin() as tx:
                return len(await suspension.wake(tx, claims))

        inbox = sluice.service.api.events.inbox
        async with sluice.service.database.begin() as tx:
            assert await suspension.hold(tx, [(PARENTS, items[NUMBER // 2])])
            timeouts = asyncio.create_task(time_out())
            await sluice.held_up()
            event = asyncio.create_task(
                inbox.take([SentEvent("paid", {"id": "v"}, "e1")], sender="test")
            )
            await sluice.held_up(2)
        woken, taken = await asyncio.gather(timeouts, event)
        rows = await sluice.sql("SELECT status, result FROM sluice.step")
    # The timeouts were there first.
    assert (woken, taken.receipts[0].woke) == (NUMBER, 0)
    assert {tuple(row) for row in rows} == {("done", None)}


async def test_an_item_that_is_suspended_while_its_event_comes_is_woken(opener: Opener) -> None:
    """The event has looked for items that are suspended, and not yet come to the step."""
    async with opener(Recording()) as sluice:
        await run_of(sluice, PARENTS, ["i1", "i2"])
        await sluice.sql("INSERT INTO sluice.event_place (name, place) VALUES ('paid', 'id')")
        await sluice.sql(
            "INSERT INTO sluice.step (run_id, item_id, name, kind, status, position, alone,"
            " item_attempt, started_at, event, event_place, event_value) SELECT run_id, item_id,"
            " 'paid', 'event', 'waiting', 1, true, 1, now(), 'paid', 'id', 'v' FROM sluice.item"
        )
        inbox = sluice.service.api.events.inbox
        async with sluice.service.database.begin() as tx:
            await tx.execute(text("SELECT FROM sluice.step WHERE item_id = 'i1' FOR UPDATE"))
            event = asyncio.create_task(
                inbox.take([SentEvent("paid", {"id": "v"}, "e1")], sender="test")
            )
            await sluice.held_up()
            await sluice.sql(
                "UPDATE sluice.item SET status = 'suspended', claim = NULL WHERE item_id = 'i2'"
            )
        taken = await event
        rows = await sluice.sql("SELECT item_id, due_at IS NOT NULL FROM sluice.item ORDER BY 1")
        messages = await sluice.sql("SELECT id FROM sluice.message")
    assert taken.receipts[0].woke == 2
    # Of the other, the delivery that has it in hand finds the event.
    assert [tuple(row) for row in rows] == [("i1", False), ("i2", True)]
    assert len(messages) == 1
