"""Which partition an item is of, whoever asks for it; and what a family must say for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Select, select
from sqlmodel import col

from app.composition.partitions import require_partitions
from app.errors import ConfigurationError
from app.store import retention
from app.workflows.family import Context, Event, FamilyParams, Flow, FlowControl, batched
from tests.support.families import Recording
from tests.support.service import Opener
from tests.support.users import User
from tests.workflows.events.heard import REGISTERED, all_ended, registered, sent
from tests.workflows.partitions.tenants import Tenants
from tests.workflows.partitions.test_partitions import assert_nothing_left

PER_TENANT = FlowControl(per_partition=2)


class OfTwoColumns(Recording):
    flow = Flow(execute=PER_TENANT)

    def eligible(self, params: FamilyParams) -> Select[Any, Any]:
        return select(col(User.id), col(User.name))


class Embeds(OfTwoColumns):
    @batched(flow=PER_TENANT)
    async def embed(self, texts: list[str], params: FamilyParams, ctx: Context) -> list[str]:
        return texts


def test_a_family_that_says_of_which_partition_its_items_are_may_limit_them() -> None:
    require_partitions([OfTwoColumns(), Recording()])


def test_a_batched_method_has_no_limits_of_partitions() -> None:
    with pytest.raises(ConfigurationError, match="of its batched method embed"):
        require_partitions([Embeds()])


async def test_named_items_have_the_partitions_that_eligible_gives_them(opener: Opener) -> None:
    """As of a retry."""
    family = Tenants(FlowControl(per_partition=1))
    async with opener(family) as sluice, sluice.worker():
        await sluice.add_users(40)
        named = ["u00005", "u00006", "u00017", "u00018", "u00999"]  # and one that is not eligible
        run = await sluice.ended(await sluice.start(item_ids=named))
        await assert_nothing_left(sluice, run.id)
        rows = await sluice.sql("SELECT item_id, partition FROM sluice.item")
    assert {row[0]: row[1] for row in rows} == {
        "u00005": "0", "u00006": "0", "u00017": "1", "u00018": "1", "u00999": "",
    }  # fmt: skip
    assert family.most_at_once() == {"0": 1, "1": 1}


async def test_items_that_events_ask_for_keep_to_the_limits_as_well(opener: Opener) -> None:
    family = Tenants(FlowControl(per_partition=1), item_seconds=0.05)
    family.on = [Event(REGISTERED, item="user.id")]  # type: ignore[misc]  # a class's, and here of one object
    async with opener(family) as sluice, sluice.worker():
        ids = await sluice.add_users(25)
        await sent(sluice, *(registered(one) for one in ids))
        for run in await all_ended(sluice, 1):
            await assert_nothing_left(sluice, run.id)
        await family.until_done(25)
        rows = await sluice.sql("SELECT item_id, partition FROM sluice.item")
    assert {row[0]: row[1] for row in rows} == {one: one[4] for one in ids}
    assert family.most_at_once() == dict.fromkeys("012", 1)


async def test_what_is_counted_of_a_runs_partitions_goes_with_the_run(opener: Opener) -> None:
    family = Tenants(FlowControl(per_partition=1))
    async with opener(family) as sluice, sluice.worker():
        await sluice.add_users(30)
        old, young = [await sluice.ended(await sluice.start(force=True)) for _ in range(2)]
        await sluice.sql(
            "UPDATE sluice.run SET finished_at = now() - interval '2 days' WHERE id = :id",
            id=old.id,
        )
        assert await retention.prune(sluice.service.database, timedelta(days=1)) == 1
        kept = await sluice.sql("SELECT DISTINCT run_id FROM sluice.run_partition")
    assert [row[0] for row in kept] == [young.id]
