"""How long a run is said to take whose partitions have limits: as long as its slowest one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Select, Text, case, cast, func, literal, select, union_all
from sqlmodel import col

from app.connections.postgres_url import changed
from app.workflows.counting.partition_sizes import (
    PartitionTally,
    partition_sizes,
)
from app.workflows.family import Context, FamilyParams, FlowControl
from app.workflows.runs.approval import question
from app.workflows.runs.expectation import Estimate
from app.workflows.sources.item_source import ListSource
from app.workflows.sources.sql_source import SqlSource
from tests.support.http import api
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice
from tests.support.users import User
from tests.workflows.partitions.tenants import Tenants, by_digit

PIN = "/api/flow-control/recording.execute/partitions"
RATES = FlowControl(rate=50, rate_per_partition=5)
OF_THE_KEY = "execute at 50 per second, 5 per second of each partition"


def skewed() -> Any:  # an expression
    """Of forty: 32 of acme, 6 of bolt, and 2 that are of none."""
    return case((col(User.id) <= "u00032", "acme"), (col(User.id) <= "u00038", "bolt"))


def slow_to_tell() -> Any:  # an expression
    """For each row as many numbers are compared as take minutes."""
    number = func.generate_series(1, 10**9).column_valued("number")
    return select(cast(func.count(), Text)).where(cast(number, Text) > User.id).scalar_subquery()


def skewed_tenants(control: FlowControl = RATES) -> Tenants:
    return Tenants(control, column=skewed)


def of(number: int, partition: str, limit: str = "5 per second") -> str:
    return f"execute at {limit}, the {number} items of partition {partition}"


async def estimated(sluice: Sluice, **request: Any) -> Estimate:  # RunRequest's
    return (await sluice.dry_run(**request)).estimate


async def test_the_largest_partition_bounds_a_run(opener: Opener) -> None:
    family = skewed_tenants()
    async with opener(family) as sluice:
        ids = await sluice.add_users(40)
        named = [*ids[:3], *ids[32:34], "u99999"]  # 3 of acme, 2 of bolt, and one that is of none
        cases: list[tuple[int, dict[str, Any], float, str]] = [
            # How many of acme's have a result; what is asked; seconds, and where they are from.
            (0, {}, 6.4, of(32, "acme")),
            (12, {}, 4.0, of(20, "acme")),
            (12, {"force": True}, 6.4, of(32, "acme")),
            (12, {"limit": 15}, 3.0, of(15, "acme")),
            (12, {"limit": 15, "force": True}, 3.0, of(15, "acme")),
            (30, {}, 1.2, of(6, "bolt")),
            (30, {"limit": 4}, 0.4, of(2, "bolt")),
            (0, {"item_ids": named}, 0.6, of(3, "acme")),
            (3, {"item_ids": named}, 0.4, of(2, "bolt")),
            (3, {"item_ids": named, "force": True}, 0.6, of(3, "acme")),
        ]
        for done, request, seconds, basis in cases:
            family.done = set(ids[:done])
            found = await estimated(sluice, **request)
            assert (found.seconds, found.basis, found.at_least) == (seconds, basis, False), request


async def test_what_is_in_no_partition_is_bounded_by_the_key_alone(opener: Opener) -> None:
    for nothing in (None, ""):
        family = Tenants(RATES, column=partial(cast, literal(nothing), Text))
        async with opener(family) as sluice:
            await sluice.sql("TRUNCATE tests.users")
            await sluice.add_users(40)
            for force in (False, True):
                found = await estimated(sluice, force=force)
                assert (found.seconds, found.basis) == (0.8, OF_THE_KEY)
                assert not found.at_least


async def test_pins_of_single_partitions_count_and_no_more_than_they_are(opener: Opener) -> None:
    async with opener(skewed_tenants()) as sluice, api(sluice) as caller:
        await sluice.add_users(40)
        # A small one that is slow, one that is quick, one without items, and the largest.
        slow: dict[str, Any] = {"partition": "bolt", "rate": 1, "periodSeconds": 10}
        for pin, seconds, basis in (
            (slow, 60.0, of(6, "bolt", "1 per 10 s, as pinned")),
            ({**slow, "rate": 50}, 6.4, of(32, "acme")),
            ({**slow, "partition": "nobody"}, 6.4, of(32, "acme")),
            ({"partition": "acme", "parallelism": 9}, 1.2, of(6, "bolt")),
        ):
            assert (await caller.put(PIN, json=pin)).status_code == 200
            of_pin = {"partition": str(pin["partition"])}
            for force in (False, True):
                found = await estimated(sluice, force=force)
                assert (found.seconds, found.basis) == (seconds, basis)
            await caller.delete(PIN, params=of_pin)


async def test_at_once_of_a_partition_counts_with_the_time_of_an_item(opener: Opener) -> None:
    control = FlowControl(parallelism=40, per_partition=2)
    async with opener(skewed_tenants(control)) as sluice:
        await sluice.add_users(40)
        found = await estimated(sluice)
        limit = "40 at once, 2 at once of each partition"
        assert found.seconds is None
        assert found.basis == f"execute at {limit}, and no earlier run tells what an item takes"
        await sluice.sql(
            "INSERT INTO sluice.run (id, family, status, params, force, started_by, succeeded,"
            " work_ms, finished_at)"
            " VALUES ('run_0', 'recording', 'succeeded', '{}', false, 'test', 10, 20000, :now)",
            now=datetime.now(UTC),
        )
        found = await estimated(sluice)
        assert found.seconds == 32.0
        assert found.basis == f"{of(32, 'acme', '2 at once')}, 2 s an item in earlier runs"


async def test_a_rate_alone_says_nothing_of_how_long_an_item_takes(opener: Opener) -> None:
    async with opener(skewed_tenants()) as sluice, sluice.worker():
        await sluice.add_users(5)
        await sluice.ended(await sluice.start())
        found = await estimated(sluice, force=True)
        assert (found.seconds, found.basis) == (1.0, of(5, "acme"))


async def test_where_only_partitions_have_limits_it_is_not_said_that_there_are_none(
    opener: Opener,
) -> None:
    async with opener(skewed_tenants(FlowControl(per_partition=2))) as sluice:
        await sluice.add_users(1)
        found = await estimated(sluice)
        limit = "2 at once of each partition"
        assert found.basis == f"execute at {limit}, and no earlier run tells what an item takes"


async def test_a_run_has_the_estimate_of_its_dry_run(opener: Opener) -> None:
    async with opener(skewed_tenants()) as sluice, sluice.worker():
        await sluice.add_users(40)
        told = await estimated(sluice)
        run_id = await sluice.start()
        async with asyncio.timeout(PATIENCE):
            while (run := await sluice.run(run_id)).estimate is None:
                await asyncio.sleep(0.02)
        await sluice.service.api.control.cancel(run_id, by="test")
        assert run.estimate == told.model_dump(mode="json")
        assert run.estimate["seconds"] == 6.4


class SlowToFilter(Tenants):
    """Each look at what exists takes longer than the test's budget."""

    async def existing(self, ids: Sequence[str], params: FamilyParams, ctx: Context) -> set[str]:
        await asyncio.sleep(0.05)
        return await super().existing(ids, params, ctx)


async def test_past_the_budget_the_partitions_that_were_seen_bound_it_from_below(
    opener: Opener,
) -> None:
    family = SlowToFilter(
        RATES, column=lambda: case((col(User.id) <= "u01500", "acme"), else_="bolt")
    )
    async with opener(family, dry_run_budget=0.01) as sluice, api(sluice) as caller:
        await sluice.add_users(2_500)
        path = "/api/workflows/recording/process-users"
        answer = (await caller.post(path, json={"dryRun": True})).json()
        assert (answer["toProcess"], answer["exact"]) == (2_500, False)
        assert answer["estimate"]["seconds"] == 200.0
        assert answer["estimate"]["atLeast"] is True
        assert answer["estimate"]["basis"].endswith("the 1,000 items of partition acme")
        # Fewer than were seen are asked for: nothing more could come.
        answer = (await caller.post(path, json={"dryRun": True, "limit": 900})).json()
        assert (answer["estimate"]["seconds"], answer["estimate"]["atLeast"]) == (180.0, False)


async def test_sizes_that_postgres_cannot_tell_in_time_are_not_known(opener: Opener) -> None:
    """And the count itself, which needs no partitions, is what it is."""
    family = Tenants(RATES, column=slow_to_tell)
    async with opener(family, dry_run_budget=0.2) as sluice:
        await sluice.add_users(40)
        found = await sluice.dry_run(force=True)
        assert (found.to_process, found.exact) == (40, True)
        assert (found.estimate.seconds, found.estimate.at_least) == (0.8, True)
        assert found.estimate.basis == OF_THE_KEY


async def test_the_sizes_take_no_longer_than_the_url_lets_a_statement(opener: Opener) -> None:
    own = {"statement_timeout": "200"}
    dsn = changed(opener.urls.database, lambda url: replace(url, settings=own))
    limited = replace(opener, urls=replace(opener.urls, database=dsn))
    family = Tenants(RATES, column=slow_to_tell)
    async with limited(family, dry_run_budget=600) as sluice:
        await sluice.add_users(40)
        async with asyncio.timeout(PATIENCE):
            found = await estimated(sluice, force=True)
        assert (found.seconds, found.at_least) == (0.8, True)


async def test_nothing_is_made_up_where_the_sizes_alone_would_tell(opener: Opener) -> None:
    family = Tenants(FlowControl(rate_per_partition=5), column=slow_to_tell)
    async with opener(family, dry_run_budget=0.2) as sluice:
        await sluice.add_users(40)
        found = await estimated(sluice, force=True)
        assert (found.seconds, found.at_least) == (None, False)
        assert found.basis == "it was not counted in time how many items each partition has"


async def test_the_sizes_are_not_blamed_where_they_would_tell_nothing_either(
    opener: Opener,
) -> None:
    family = Tenants(FlowControl(per_partition=2), column=slow_to_tell)
    async with opener(family, dry_run_budget=0.2) as sluice:
        await sluice.add_users(40)
        found = await estimated(sluice, force=True)
        limit = "2 at once of each partition"
        assert found.basis == f"execute at {limit}, and no earlier run tells what an item takes"


class SelectedTwice(Tenants):
    def eligible(self, params: FamilyParams) -> Select[Any, Any]:
        names = ("b", "a")
        each = union_all(*(select(col(User.id), literal(name).label("of")) for name in names))
        both = each.subquery()
        return select(both.c.id, both.c.of)


async def test_an_id_of_several_partitions_counts_in_the_first_alone(opener: Opener) -> None:
    async with opener(SelectedTwice(RATES)) as sluice:
        await sluice.add_users(10)
        for force in (False, True):
            found = await estimated(sluice, force=force)
            assert (found.seconds, found.basis) == (2.0, of(10, "a"))


@pytest.mark.parametrize(("most", "kept", "exact"), [(2, 2, False), (5, 5, True)])
async def test_of_more_partitions_than_are_counted_some_are_missing(
    opener: Opener, most: int, kept: int, exact: bool
) -> None:
    family = Tenants(RATES, column=by_digit)
    async with opener(family) as sluice:
        ids = await sluice.add_users(45)
        bound, params = sluice.bound(), FamilyParams()
        source = SqlSource(sluice.service.database, family.eligible(params), family.name)
        asked = await partition_sizes(source, None, 60, most=most)
        ctx = sluice.service.client._context(bound)
        for one in (source, ListSource(ids)):
            tally = PartitionTally(bound, one, params, ctx, most=most)
            page = await tally.source.page(None, 45)
            await tally.add(page.ids, page.ids)
            streamed = tally.sizes(45)
            assert (len(streamed.by_name), streamed.exact) == (kept, exact)
        assert (len(asked.by_name), asked.exact) == (kept, exact)
        if exact:
            assert dict(streamed.by_name) == dict(asked.by_name)
            assert asked.by_name == {"0": 9, "1": 10, "2": 10, "3": 10, "4": 6}


async def test_whoever_approves_is_told_a_lower_bound_as_one(opener: Opener) -> None:
    async with opener(skewed_tenants()) as sluice:
        await sluice.add_users(40)
        found = await sluice.dry_run()
    for sizes, words in ((True, "in about 6.4 s"), (False, "in at least 6.4 s")):
        estimate = found.estimate.model_copy(update={"at_least": not sizes})
        asked = question(sluice.bound(), found.survey, estimate, 0, fixed=False)
        assert f"would process 40 of 40 users, {words}." in asked.sentence
