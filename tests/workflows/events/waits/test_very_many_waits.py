"""One event for which very many wait: they go on some after some, each once, whoever dies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from app.store.events import wakes
from app.store.runs import runs
from app.store.statuses import ItemStatus
from app.store.tables.runs import Run
from app.workflows.events import waker
from app.workflows.events.inbox import SentEvent
from app.workflows.family import Context, MatchedEvent
from tests.support.patience import PATIENCE
from tests.support.processes.sender_process import sender_process
from tests.support.service import Opener, Sluice, assert_exact
from tests.support.stepped import Script, items_at
from tests.workflows.events.heard import sent
from tests.workflows.events.invoices import Awaiting, found
from tests.workflows.events.waits.deploy_process import ENDED

PROCESS = "tests.workflows.events.waits.deploy_process"
RUN = "run_1"
MANY = 2_500
"""More than one transaction wakes, and more than two."""
FEWEST = wakes.AT_ONCE + 1
"""That are too many for one."""

FILL_ITEMS = """
    INSERT INTO sluice.item (run_id, item_id, status, begun)
    SELECT 'run_1', 'u' || lpad(n::text, 5, '0'), 'suspended', true
    FROM generate_series(1, :number) AS n
"""
FILL_STEPS = """
    INSERT INTO sluice.step (run_id, item_id, name, kind, status, position, alone, item_attempt,
        started_at, event, event_place, event_value)
    SELECT run_id, item_id, 'deploy/ended', 'event', 'waiting', 1, true, 1, now(), 'deploy/ended',
        'deploy', 'd1'
    FROM sluice.item WHERE :number > 0
"""
FILL_PLACES = """
    INSERT INTO sluice.event_place (name, place) SELECT 'deploy/ended', 'deploy' WHERE :number > 0
"""


async def wait_for_it(_item: str, ctx: Context) -> MatchedEvent | None:
    return await ctx.wait_for("deploy/ended", match="deploy", value="d1")


@asynccontextmanager
async def waiting(
    opener: Opener, number: int, script: Script = wait_for_it
) -> AsyncIterator[Sluice]:
    """So many suspended items that wait for the deploy, as a worker leaves them."""
    async with opener(Awaiting(script)) as sluice:
        run = Run(
            id=RUN, family="awaiting", status="running", started_by="test", paged=True,
            scheduled=number, suspended=number, started_at=datetime.now(UTC),
        )  # fmt: skip
        async with sluice.service.database.begin() as tx:
            await runs.insert_run(tx, run)
        for statement in (FILL_ITEMS, FILL_STEPS, FILL_PLACES):
            await sluice.sql(statement, number=number)
        yield sluice


async def assert_all_go_on(sluice: Sluice, number: int) -> None:
    """Each has its event, is due, and has a message; and the event knows that it is done."""
    [row] = await sluice.sql(
        "SELECT (SELECT count(*) FROM sluice.step WHERE status = 'done' AND result IS NOT NULL),"
        " (SELECT count(*) FROM sluice.item WHERE status = 'suspended' AND due_at <= now()),"
        " (SELECT count(*) FROM sluice.message), woke, waking FROM sluice.event"
    )
    assert tuple(row) == (number, number, number, number, False)


async def test_more_than_one_transaction_wakes_are_woken_in_several(opener: Opener) -> None:
    async with waiting(opener, MANY) as sluice:
        taken = await sent(sluice, ENDED)
        await assert_all_go_on(sluice, MANY)
        [[commits]] = await sluice.sql("SELECT count(DISTINCT xmin::text) FROM sluice.message")
        again = await sent(sluice, ENDED)
    assert taken.receipts[0].woke == MANY
    assert commits == -(-MANY // wakes.AT_ONCE)
    assert (again.receipts[0].duplicate, again.receipts[0].woke) == (True, 0)


@pytest.fixture(autouse=True)
def _patient_sender(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, it goes on until all have gone on."""
    monkeypatch.setattr(waker, "SENDER_SECONDS", PATIENCE)


async def test_however_long_it_takes_to_look_each_turn_gives_some(
    opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time of a turn, and of the sender, is over when it has seen who waits."""
    monkeypatch.setattr(waker, "SENDER_SECONDS", 0.0)
    monkeypatch.setattr(waker, "TURN_SECONDS", 0.0)
    async with waiting(opener, MANY) as sluice, asyncio.timeout(PATIENCE):
        taken = await sent(sluice, ENDED)
        await sluice.service.api.events.inbox.waker.wake_all()
        await assert_all_go_on(sluice, MANY)
    assert taken.receipts[0].woke == wakes.AT_ONCE


async def test_who_finds_a_name_in_other_hands_does_not_look_again_at_once(
    opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waker, "TURN_SECONDS", 0.0)
    async with waiting(opener, FEWEST) as sluice, asyncio.timeout(PATIENCE):
        wake_all = sluice.service.api.events.inbox.waker.wake_all
        async with sluice.service.database.begin() as tx:
            assert await wakes.hold(tx, ENDED.name)
            taken = await sent(sluice, ENDED)
            await wake_all()
            [[left]] = await sluice.sql("SELECT count(*) FROM sluice.step WHERE status = 'waiting'")
        await wake_all()
        await assert_all_go_on(sluice, FEWEST)
    assert (taken.receipts[0].woke, left) == (0, FEWEST)


async def test_several_events_of_a_call_wake_very_many_together(opener: Opener) -> None:
    """Each of them has the first for which it waits."""
    async with waiting(opener, MANY) as sluice:
        await sluice.sql(
            "UPDATE sluice.step SET event_value = 'd2' WHERE right(item_id, 1) IN ('1', '2')"
        )
        other = SentEvent("deploy/ended", {"deploy": "d2"}, "e2")
        twin = SentEvent("deploy/ended", {"deploy": "d1"}, "e3")
        taken = await sent(sluice, ENDED, other, twin)
        [[left]] = await sluice.sql("SELECT count(*) FROM sluice.event WHERE waking")
    assert [one.woke for one in taken.receipts] == [MANY * 8 // 10, MANY * 2 // 10, 0]
    assert left == 0


async def test_the_items_go_on_in_a_worker(opener: Opener) -> None:
    async with waiting(opener, FEWEST) as sluice:
        await sluice.add_users(FEWEST)
        taken = await sent(sluice, ENDED)
        await sluice.sql("DELETE FROM sluice.item WHERE item_id > 'u00020'")
        await sluice.sql("UPDATE sluice.run SET scheduled = 20, suspended = 20")
        async with sluice.worker():
            run = await sluice.ended(RUN)
        assert_exact(run, await sluice.items(RUN))
        family = sluice.bound().family
    assert isinstance(family, Awaiting)
    assert (taken.receipts[0].woke, run.succeeded) == (FEWEST, 20)
    assert {event.id for event in family.results.values()} == {"e1"}


async def test_what_times_out_while_its_event_is_on_its_way_has_the_event(opener: Opener) -> None:
    """The sender has woken nobody yet when the time of some of them is over."""
    async with waiting(opener, FEWEST) as sluice:
        async with sluice.service.database.begin() as tx:
            # The first of them is in somebody's hands.
            await tx.execute(text("SELECT FROM sluice.item WHERE item_id = 'u00001' FOR UPDATE"))
            event = asyncio.create_task(sent(sluice, ENDED))
            await sluice.held_up()
            for table in ("item", "step"):
                await sluice.sql(
                    f"UPDATE sluice.{table} SET due_at = now() WHERE item_id > 'u00980'"  # noqa: S608
                )
            async with sluice.worker():
                published = await sluice.service.reconciler.republish_missing(RUN)
                await sluice.drained()
            standing = {item.status for item in await sluice.items(RUN)}
            await tx.rollback()
        taken = await event
        await assert_all_go_on(sluice, FEWEST)
    assert published > 0
    assert standing == {ItemStatus.SUSPENDED}
    assert taken.receipts[0].woke == FEWEST


async def test_who_begins_to_wait_meanwhile_has_it_once_or_waits_for_another(
    opener: Opener,
) -> None:
    """What is on its way is for those that waited when it came. One that looks back to it waits for
    another then, and so does one whose run began later."""

    async def script(item: str, ctx: Context) -> list[str | None]:
        seen: list[str | None] = []
        for number in range(1 if item == "u00002" else 2):
            event = await ctx.wait_for("deploy/ended", match="deploy", value="d1", name=f"{number}")
            seen.append(event.id if event else None)
        return seen

    async with waiting(opener, FEWEST, script) as sluice:
        await sluice.add_users(2)
        before = await sluice.start(item_ids=["u00001"])
        async with sluice.service.database.begin() as tx:
            await tx.execute(text("SELECT FROM sluice.item WHERE run_id = 'run_1' FOR UPDATE"))
            event = asyncio.create_task(sent(sluice, ENDED))
            await sluice.held_up()
            behind = await sluice.start(item_ids=["u00002"])
            async with sluice.worker():
                await items_at(sluice, before, ItemStatus.SUSPENDED)
                await items_at(sluice, behind, ItemStatus.SUSPENDED)
            await tx.rollback()
        first = await event
        waits = await sluice.sql("SELECT run_id FROM sluice.step WHERE status = 'waiting'")
        assert {row[0] for row in waits} == {before, behind}
        second = await sent(sluice, SentEvent("deploy/ended", {"deploy": "d1"}, "e2"))
        await sluice.sql("DELETE FROM sluice.message WHERE id LIKE '%run_1%'")
        async with sluice.worker():
            ended = [await sluice.ended(run_id) for run_id in (before, behind)]
        family = sluice.bound().family
    assert isinstance(family, Awaiting)
    assert [run.succeeded for run in ended] == [1, 1]
    assert (first.receipts[0].woke, second.receipts[0].woke) == (FEWEST, 2)
    assert family.results == {"u00001": ["e1", "e2"], "u00002": ["e2"]}


@pytest.mark.slow
async def test_the_sender_is_killed_between_two_of_forty_transactions(opener: Opener) -> None:
    number = 40_000
    async with waiting(opener, number) as sluice:
        async with sluice.service.database.begin() as tx:
            # It comes no further than here.
            await tx.execute(text("SELECT FROM sluice.item WHERE item_id = 'u05500' FOR UPDATE"))
            async with sender_process(
                opener, "tests.workflows.events.waits.deploy_process", 1
            ) as sender:
                await found(sluice, 1, "SELECT 1 FROM sluice.event WHERE woke = 5000")
                await sluice.held_up()
                sender.kill()
                await sender.wait()
        [[woke, waking]] = await sluice.sql("SELECT woke, waking FROM sluice.event")
        assert (woke, waking) == (5_000, True)
        await sluice.service.api.events.inbox.waker.wake_all()
        await assert_all_go_on(sluice, number)
        assert (await sent(sluice, ENDED)).receipts[0].duplicate
