"""Orders of what happens to an item while an event is on its way to very many that matter most: the
machine of waits comes to them only now and then."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.store.statuses import ItemStatus
from tests.support.service import Opener
from tests.workflows.events.invoices import Awaiting, wait
from tests.workflows.events.waits.world import Asked, WaitWorld

FIRST = ("run_1", "i0")
ONE, LIMITED = Asked("a", limited=False), Asked("a", limited=True)


@asynccontextmanager
async def waits(opener: Opener, *script: Asked, suspended: bool = True) -> AsyncIterator[WaitWorld]:
    """An item that waits; whatever came of it is as the model says."""
    async with opener(Awaiting(wait)) as sluice:
        store = WaitWorld(sluice)
        await store.clear()
        await store.start("run_1", {"i0": script})
        if suspended:
            await store.deliver(FIRST)
        yield store
        await store.check()


async def test_who_has_looked_back_to_it_waits_for_another(opener: Opener) -> None:
    async with waits(opener, ONE, ONE, suspended=False) as store:
        await store.send_to_very_many("a", "e1")
        await store.deliver(FIRST)
        await store.wake_one()
        await store.wake_all()
        assert [one.got is None for one in store.items[FIRST].waits] == [False, True]


async def test_one_that_comes_meanwhile_does_not_pass_it(opener: Opener) -> None:
    async with waits(opener, ONE, ONE) as store:
        await store.send_to_very_many("a", "e1")
        await store.send(["a"], ["e2"])
        await store.check()
        await store.wake_all()
        await store.deliver(FIRST)
        assert [one.got for one in store.items[FIRST].waits] == sorted(store.events)


async def test_a_suspended_item_whose_time_is_over_waits_for_it(opener: Opener) -> None:
    async with waits(opener, LIMITED) as store:
        await store.send_to_very_many("a", "e1")
        await store.pass_by(FIRST)
        await store.claim(FIRST)  # finds nothing to take
        await store.check()
        await store.wake_one()
        await store.deliver(FIRST)
        assert store.items[FIRST].status is ItemStatus.SUCCEEDED


async def test_a_delivery_whose_time_is_over_takes_it(opener: Opener) -> None:
    async with waits(opener, LIMITED, suspended=False) as store:
        await store.claim(FIRST)
        await store.move(store.hands[FIRST])
        await store.send_to_very_many("a", "e1")
        await store.pass_by(FIRST)
        await store.move(store.hands[FIRST])
        assert store.items[FIRST].waits[0].got is not None


async def test_one_that_was_taken_over_takes_it_and_wakes_the_item(opener: Opener) -> None:
    """The later delivery has suspended it, and found that nothing may be taken yet."""
    async with waits(opener, LIMITED, suspended=False) as store:
        await store.claim(FIRST)
        former = store.hands[FIRST]
        await store.move(former)
        await store.deliver(FIRST)
        await store.send_to_very_many("a", "e1")
        await store.pass_by(FIRST)
        await store.claim(FIRST)
        await store.move(former)
        await store.check()
        await store.deliver(FIRST)
        assert store.items[FIRST].status is ItemStatus.SUCCEEDED


async def test_a_delivery_of_an_item_that_was_cancelled_takes_nothing(opener: Opener) -> None:
    async with waits(opener, LIMITED, suspended=False) as store:
        await store.claim(FIRST)
        former = store.hands[FIRST]
        await store.move(former)
        await store.pass_by(FIRST)
        await store.sluice.service.api.control.cancel("run_1", by="test")
        store.cancelled("run_1")
        await store.send_to_very_many("a", "e1")
        await store.move(former)


async def test_an_item_that_was_cancelled_since_somebody_looked_is_given_nothing(
    opener: Opener,
) -> None:
    """The event would count as spent on a step that nobody reads."""
    async with waits(opener, ONE) as store:
        await store.send_to_very_many("a", "e1")
        await store.look()
        await store.sluice.service.api.control.cancel("run_1", by="test")
        store.cancelled("run_1")
        await store.wake_one()
        [[woke, runs]] = await store.sluice.sql("SELECT woke, woken_runs FROM sluice.event")
        assert (woke, runs) == (0, None)


async def test_an_event_that_comes_before_its_item_is_suspended_lets_it_go_on(
    opener: Opener,
) -> None:
    async with waits(opener, ONE, suspended=False) as store:
        await store.claim(FIRST)
        hand = store.hands[FIRST]
        await store.move(hand)
        await store.send(["a"], ["e1"])
        await store.suspend(hand)


async def test_what_is_on_its_way_is_not_too_old(opener: Opener) -> None:
    async with waits(opener, LIMITED) as store:
        await store.send_to_very_many("a", "e1")
        for table in ("event", "event_value"):
            await store.sluice.sql(
                f"UPDATE sluice.{table} SET received_at = received_at - interval '40 days'"  # noqa: S608
            )
        await store.prune()
        await store.pass_by(FIRST)
        await store.claim(FIRST)
        assert FIRST not in store.hands  # its time is over, but its event came first
        await store.wake_one()
        await store.deliver(FIRST)
        assert store.items[FIRST].status is ItemStatus.SUCCEEDED
