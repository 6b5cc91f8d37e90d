"""Counting what a run would do, and how long it would take."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.flow.overrides import LiveControl
from app.store.runs.averages import Averages
from app.store.runs.runs import Statistics
from app.workflows.counting.eligibility import SCAN_PAGE, count_eligible
from app.workflows.counting.eligibility_count import SAMPLE, EligibilityCount
from app.workflows.family import Context, Entity, FamilyParams, Flow, FlowControl, JobFamily
from app.workflows.keys import Layer
from app.workflows.registry.bound_family import BoundFamily, bind
from app.workflows.registry.threads import Threads
from app.workflows.runs.estimate import estimate
from app.workflows.runs.expectation import Estimate
from app.workflows.sources.item_source import ListSource

NO_CONTEXT = cast("Context", None)  # this family never looks at it


class Done(JobFamily[FamilyParams, str, str]):
    """Knows who has a result, and takes its time to say so."""

    name = "done"
    entity = Entity("user", "users")

    def __init__(self, done: Collection[str], *, seconds: float = 0) -> None:
        self.done = done
        self.seconds = seconds
        self.asked: list[int] = []

    async def existing(
        self, ids: Sequence[str], params: FamilyParams, ctx: Context
    ) -> Collection[str]:
        self.asked.append(len(ids))
        time.sleep(self.seconds)  # noqa: ASYNC251 - nobody else is on this loop
        return [item_id for item_id in ids if item_id in self.done]


@pytest.fixture(scope="module")
def threads() -> Iterator[Threads]:
    opened = Threads(1)
    yield opened
    opened.close()


async def surveyed(
    bound: BoundFamily,
    ids: Collection[str],
    *,
    force: bool = False,
    limit: int | None = None,
    budget: float = 60,
    overwrites: bool = False,
    canary: int = 0,
) -> EligibilityCount:
    return await count_eligible(
        bound, ListSource(tuple(sorted(ids))), FamilyParams(), NO_CONTEXT,
        force=force, limit=limit, budget=budget, overwrites=overwrites, canary=canary,
    )  # fmt: skip


users = st.sets(st.from_regex(r"u[0-9]{1,3}", fullmatch=True), max_size=40)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(ids=users, done=users, force=st.booleans(), limit=st.none() | st.integers(1, 50))
async def test_the_numbers_are_those_of_the_sets(
    threads: Threads, ids: set[str], done: set[str], force: bool, limit: int | None
) -> None:
    left = ids if force else ids - done
    expected = len(left) if limit is None else min(limit, len(left))
    found = await surveyed(bind(Done(done), threads), ids, force=force, limit=limit)
    assert found.statistics == Statistics(len(ids), expected, len(ids) - len(left), exact=True)
    if limit is None or limit >= SAMPLE:
        assert list(found.sample) == sorted(left)[:SAMPLE]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(ids=users, done=users, limit=st.none() | st.integers(1, 50))
async def test_with_force_those_that_have_a_result_are_counted_among_those_to_process(
    threads: Threads, ids: set[str], done: set[str], limit: int | None
) -> None:
    bound = bind(Done(done), threads)
    found = await surveyed(bound, ids, force=True, limit=limit, overwrites=True)
    processed = sorted(ids)[:limit]
    assert found.statistics == Statistics(len(ids), len(processed), 0, exact=True)
    assert found.to_overwrite == len(done.intersection(processed))


async def test_past_the_budget_what_would_be_overwritten_is_extrapolated_too(
    threads: Threads,
) -> None:
    ids = [f"u{n:05}" for n in range(5_000)]
    bound = bind(Done(set(ids[:250]), seconds=0.002), threads)
    found = await surveyed(bound, ids, force=True, budget=0.001, overwrites=True)
    assert found.statistics == Statistics(5_000, 5_000, 0, exact=True)
    assert (found.to_overwrite, found.overwrite_exact) == (1_250, False)


async def test_ids_are_streamed_in_pages_so_that_memory_stays_bounded(
    threads: Threads,
) -> None:
    family = Done(())
    await surveyed(bind(family, threads), [f"u{n}" for n in range(2 * SCAN_PAGE + 7)])
    assert family.asked == [SCAN_PAGE, SCAN_PAGE, 7]


@pytest.mark.parametrize(("done", "guess"), [(0, 5_000), (250, 3_750), (1_000, 0)])
async def test_past_the_budget_what_was_seen_stands_for_the_rest(
    threads: Threads, done: int, guess: int
) -> None:
    ids = [f"u{n:05}" for n in range(5_000)]
    family = Done(set(ids[:done]), seconds=0.002)
    found = await surveyed(bind(family, threads), ids, budget=0.001)
    assert found.statistics == Statistics(5_000, guess, 5_000 - guess, exact=False)
    assert family.asked == [SCAN_PAGE]


@pytest.mark.parametrize("force", [False, True])
async def test_past_the_budget_a_few_are_chosen_from_those_that_were_seen(
    threads: Threads, force: bool
) -> None:
    ids = [f"u{n:05}" for n in range(5_000)]
    bound = bind(Done((), seconds=0.002), threads)
    found = await surveyed(bound, ids, budget=0.001, canary=10, force=force, overwrites=True)
    assert len(set(found.canary)) == 10
    assert set(found.canary) <= set(ids[:SCAN_PAGE])


@pytest.mark.parametrize(("limit", "to_process"), [(None, 2 * SCAN_PAGE), (7, 7)])
async def test_past_the_budget_the_count_holds_where_no_result_leaves_an_item_out(
    threads: Threads, limit: int | None, to_process: int
) -> None:
    ids = [f"u{n:05}" for n in range(2 * SCAN_PAGE)]
    bound = bind(Done(ids), threads)
    found = await surveyed(bound, ids, force=True, limit=limit, budget=0, canary=5)
    assert found.statistics == Statistics(len(ids), to_process, 0)


async def test_an_estimate_goes_by_a_sample_before_earlier_runs(threads: Threads) -> None:
    bound = bind(Bounded(()), threads)
    limits = {layer: LiveControl("key", bound.family.flow.of(layer)) for layer in Layer}
    earlier, params = Averages(9, 0.5, 3.5), FamilyParams()
    many = EligibilityCount(Statistics(1_000, 1_000, 0), ())
    found = estimate(bound, params, many, earlier, limits, Averages(2, 0.25, 1.5))
    assert (found.seconds, found.usd, found.tokens) == (200, 250, 1_500)
    assert found.basis.endswith("2 s an item in the sample")
    assert found.cost_basis == "what the sample spent an item"
    # A sample that spends nothing may have left to save what costs.
    silent = Averages(2, 0, 0)
    found = estimate(bound, params, many, earlier, limits, silent)
    assert (found.usd, found.cost_basis) == (500, "what earlier runs spent an item")
    found = estimate(bound, params, many, None, limits, silent)
    assert (found.usd, found.cost_basis) == (0, "what the sample spent an item")


async def test_a_count_that_ends_within_its_last_page_is_exact_even_past_the_budget(
    threads: Threads,
) -> None:
    family = Done((), seconds=0.002)
    found = await surveyed(bind(family, threads), ["u1", "u2"], budget=0.001)
    assert found.statistics == Statistics(2, 2, 0, exact=True)


class Bounded(Done):
    flow = Flow(paginate=FlowControl(rate=1), execute=FlowControl(rate=100, parallelism=10))


def estimated(
    bound: BoundFamily, statistics: Statistics, seconds: float | None, **pinned: LiveControl
) -> Estimate:
    earlier = None if seconds is None else Averages(seconds, 0.5, 3.5)
    flow = bound.family.flow
    limits = {layer: pinned.get(layer, LiveControl("key", flow.of(layer))) for layer in Layer}
    return estimate(bound, FamilyParams(), EligibilityCount(statistics, ()), earlier, limits)


async def test_an_estimate_names_the_tightest_bound(threads: Threads) -> None:
    bound = bind(Bounded(()), threads)
    # 1,000 ids are 20 pages, at one a second; chunks of them go to execute. The items need ten
    # seconds.
    paging = estimated(bound, Statistics(1_000, 1_000, 0), None)
    assert (paging.seconds, paging.basis) == (20.0, "paginate at 1 per second")
    working = estimated(bound, Statistics(1_000, 1_000, 0), 2.0)
    assert working.seconds == 200.0
    assert "2 s an item in earlier runs" in working.basis


async def test_an_estimate_is_of_the_limits_that_are_in_force(threads: Threads) -> None:
    slow = LiveControl("key", FlowControl(rate=5), pinned=True, paused=True)
    found = estimated(bind(Bounded(()), threads), Statistics(1_000, 1_000, 0), None, execute=slow)
    assert found.seconds == 200.0
    assert found.basis == "execute at 5 per second, as pinned, once it is resumed"


def test_an_estimate_of_what_nobody_counted_is_not_made_up(threads: Threads) -> None:
    nobody = Statistics(None, None, None, exact=False)
    unknown = estimated(bind(Bounded(()), threads), nobody, 2.0)
    assert unknown.seconds is None
    assert "not known" in unknown.basis


async def test_without_any_bound_there_is_no_estimate(threads: Threads) -> None:
    found = estimated(bind(Done(()), threads), Statistics(10, 10, 0), 1.0)
    assert (found.seconds, found.basis) == (None, "no flow control bounds it")


async def test_a_parallelism_alone_bounds_by_what_an_item_takes_and_says_that_nobody_knows_it(
    threads: Threads,
) -> None:
    five = LiveControl("key", FlowControl(parallelism=5))
    found = estimated(bind(Done(()), threads), Statistics(10, 10, 0), None, execute=five)
    assert (found.seconds, found.basis) == (
        None, "execute at 5 at once, and no earlier run tells what an item takes",
    )  # fmt: skip
    known = estimated(bind(Done(()), threads), Statistics(10, 10, 0), 2.0, execute=five)
    assert known.seconds == 4.0
