"""A dry run answers at once what a run would do, and leaves no trace."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import httpx2
from sqlalchemy import Select
from sqlmodel import col

from app.workflows.family import Context, Entity, FamilyParams, Flow, FlowControl, JobFamily, Page
from tests.support.families import Recording, Welcoming
from tests.support.http import api, assert_problem, traces
from tests.support.service import Opener, Sluice
from tests.support.users import User

PROCESS = "/api/workflows/recording/process-users"
WELCOME = "/api/workflows/welcome-placeholder/process-users"


async def _dry_run(
    caller: httpx2.AsyncClient, path: str = PROCESS, **body: object
) -> dict[str, Any]:  # JSON
    response = await caller.post(path, json={"dryRun": True, **body})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    assert answer["success"] is True
    assert answer["dryRun"] is True
    return answer


def _numbers(answer: dict[str, Any]) -> tuple[int, int, int, bool]:  # JSON
    names = ("totalEligible", "toProcess", "alreadyProcessed", "exact")
    return tuple(answer[name] for name in names)


async def test_a_dry_run_answers_exact_statistics_and_leaves_no_trace(opener: Opener) -> None:
    family = Recording()
    async with opener(family) as sluice, api(sluice) as caller:
        ids = await sluice.add_users(100)
        family.done.update(ids[:20], ["somebody else"])
        answer = await _dry_run(caller)
        assert _numbers(answer) == (100, 80, 20, True)
        assert answer["message"] == "[DryRun] Would process 80 users"
        assert answer["sample"] == ids[20:25]
        assert await traces(sluice) == (0, 0, 0)
        assert not family.executed
        assert not family.saved


async def test_a_dry_run_over_nobody_answers_zeros(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        await sluice.add_users(3, active=False)
        answer = await _dry_run(caller)
        assert _numbers(answer) == (0, 0, 0, True)
        assert answer["message"] == "No eligible users found"
        assert answer["sample"] == []


async def test_a_dry_run_with_force_says_how_many_results_would_be_overwritten(
    opener: Opener,
) -> None:
    family = Recording()
    async with opener(family) as sluice, api(sluice) as caller:
        ids = await sluice.add_users(30)
        family.done = set(ids[:12])
        # What is asked, how many are processed, and how many of those have a result.
        cases: list[tuple[dict[str, Any], int, int]] = [
            ({}, 18, 0),
            ({"force": True}, 30, 12),
            ({"force": True, "limit": 20}, 20, 12),
            ({"force": True, "limit": 7}, 7, 7),
            ({"force": True, "itemIds": [ids[0], ids[11], ids[12]]}, 3, 2),
        ]
        for body, processed, overwritten in cases:
            answer = await _dry_run(caller, **body)
            assert (answer["toProcess"], answer["toOverwrite"]) == (processed, overwritten)
            told = f", and overwrite {overwritten} results" if overwritten else ""
            assert answer["message"] == f"[DryRun] Would process {processed} users{told}"
        assert await traces(sluice) == (0, 0, 0)


async def test_force_counts_those_that_have_a_result_too(opener: Opener) -> None:
    family = Recording()
    async with opener(family) as sluice, api(sluice) as caller:
        ids = await sluice.add_users(30)
        family.done.update(ids[:20])
        answer = await _dry_run(caller, force=True)
        assert _numbers(answer) == (30, 30, 0, True)
        assert answer["sample"] == ids[:5]
        assert family.asked == [ids]  # to tell how many would be overwritten; none is left out


async def test_a_limit_caps_what_would_be_processed(opener: Opener) -> None:
    family = Recording()
    async with opener(family) as sluice, api(sluice) as caller:
        ids = await sluice.add_users(30)
        family.done.update(ids[:10])
        for limit, expected in ((1, 1), (7, 7), (20, 20), (21, 20)):
            answer = await _dry_run(caller, limit=limit)
            assert _numbers(answer) == (30, expected, 10, True)
            assert answer["message"] == f"[DryRun] Would process {expected} users"
        assert _numbers(await _dry_run(caller, limit=25, force=True)) == (30, 25, 0, True)


async def test_the_sample_holds_only_ids_that_would_be_processed(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        ids = await sluice.add_users(30)
        assert (await _dry_run(caller, limit=2))["sample"] == ids[:2]


async def test_named_ids_are_counted_once_each_and_instead_of_what_is_eligible(
    opener: Opener,
) -> None:
    family = Recording()
    async with opener(family) as sluice, api(sluice) as caller:
        ids = await sluice.add_users(10)
        family.done.add(ids[0])
        named = [ids[3], ids[0], ids[3], "not there", ids[0]]
        answer = await _dry_run(caller, itemIds=named)
        assert _numbers(answer) == (3, 2, 1, True)
        assert answer["sample"] == ["not there", ids[3]]
        assert _numbers(await _dry_run(caller, itemIds=named, force=True)) == (3, 3, 0, True)
        assert _numbers(await _dry_run(caller, itemIds=named, limit=1)) == (3, 1, 1, True)
        assert await traces(sluice) == (0, 0, 0)


async def test_a_dry_run_counts_over_many_pages_of_its_scan(opener: Opener) -> None:
    family = Recording()
    async with opener(family) as sluice, api(sluice) as caller:
        ids = await sluice.add_users(2_345)
        family.done.update(ids[::3])
        assert _numbers(await _dry_run(caller)) == (2_345, 1_563, 782, True)
        assert max(map(len, family.asked)) <= 1_000
        assert [item_id for page in family.asked for item_id in page] == ids


async def _seed_welcome(sluice: Sluice) -> list[str]:
    """Forty users, every tenth of them paying, four of them with placeholders."""
    ids = await sluice.add_users(40)
    prefix = sluice.service.settings.redis_prefix
    for user_id in (ids[0], ids[1], ids[9], ids[19]):
        await sluice.service.redis.set(f"{prefix}:welcome-placeholder:{user_id}", "[]")
    return ids


async def test_paid_only_narrows_what_welcome_placeholder_takes(opener: Opener) -> None:
    async with opener(Welcoming()) as sluice, api(sluice) as caller:
        ids = await _seed_welcome(sluice)
        assert _numbers(await _dry_run(caller, WELCOME)) == (40, 36, 4, True)
        paid = await _dry_run(caller, WELCOME, params={"paidOnly": True})
        assert _numbers(paid) == (4, 2, 2, True)
        assert paid["sample"] == [ids[29], ids[39]]
        forced = await _dry_run(caller, WELCOME, params={"paidOnly": True}, force=True)
        assert _numbers(forced) == (4, 4, 0, True)
        assert await traces(sluice) == (0, 0, 0)
        kept = f"{sluice.service.settings.redis_prefix}:welcome-placeholder:*"
        assert len([key async for key in sluice.service.redis.scan_iter(kept)]) == 4


class Throttled(Recording):
    name = "throttled"
    flow = Flow(paginate=FlowControl(rate=1000), execute=FlowControl(parallelism=4, rate=10))


async def test_an_estimate_follows_the_flow_control_and_says_so(opener: Opener) -> None:
    async with opener(Throttled()) as sluice, api(sluice) as caller:
        await sluice.add_users(120)
        answer = await _dry_run(caller, "/api/workflows/throttled/process-users")
        assert answer["estimate"] == {
            "seconds": 12.0,
            "basis": "execute at 10 per second, 4 at once",
            "atLeast": False,
            "usd": None,
            "tokens": None,
            "costBasis": None,
        }


async def test_an_estimate_follows_the_limits_that_are_pinned(opener: Opener) -> None:
    async with opener(Throttled()) as sluice, api(sluice) as caller:
        await sluice.add_users(120)
        key = "/api/flow-control/throttled.execute"
        assert (await caller.put(key, json={"rate": 60, "periodSeconds": 60})).status_code == 200
        assert (await caller.post(f"{key}/pause")).status_code == 200
        answer = await _dry_run(caller, "/api/workflows/throttled/process-users")
        assert answer["estimate"]["seconds"] == 120.0
        basis = "execute at 60 per 60 s, as pinned, once it is resumed"
        assert answer["estimate"]["basis"] == basis


async def test_an_estimate_uses_the_measured_time_of_earlier_runs(opener: Opener) -> None:
    async with opener(Throttled()) as sluice, api(sluice) as caller:
        await sluice.add_users(120)
        await sluice.sql(
            "INSERT INTO sluice.run (id, family, status, params, force, started_by, succeeded,"
            " work_ms,"
            " finished_at) VALUES ('run_0', 'throttled', 'succeeded', '{}', false, 'test', 10,"
            " 20000, :now)",
            now=datetime.now(UTC),
        )
        answer = await _dry_run(caller, "/api/workflows/throttled/process-users")
        assert answer["estimate"]["seconds"] == 60.0  # 120 items of 2 s, 4 at once
        assert "2 s an item in earlier runs" in answer["estimate"]["basis"]


async def test_an_estimate_that_nothing_bounds_is_null_and_says_why(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        await sluice.add_users(5)
        estimate = (await _dry_run(caller))["estimate"]
        assert estimate["seconds"] is None
        assert "no flow control" in estimate["basis"]


class SlowToFilter(Recording):
    """Each look at what exists takes longer than the test's budget."""

    async def existing(self, ids: Sequence[str], params: FamilyParams, ctx: Context) -> set[str]:
        await asyncio.sleep(0.05)
        return await super().existing(ids, params, ctx)


async def test_past_its_budget_a_dry_run_extrapolates_and_says_so(opener: Opener) -> None:
    family = SlowToFilter()
    async with opener(family, dry_run_budget=0.01) as sluice, api(sluice) as caller:
        ids = await sluice.add_users(2_500)
        family.done.update(ids[:100])
        answer = await _dry_run(caller)
        assert _numbers(answer) == (2_500, 2_250, 250, False)  # a tenth of the first thousand
        assert answer["message"] == "[DryRun] Would process about 2250 users"
        assert len(family.asked) == 1
        assert _numbers(await _dry_run(caller, limit=9)) == (2_500, 9, 250, False)
        assert _numbers(await _dry_run(caller, force=True)) == (2_500, 2_500, 0, True)
        assert await traces(sluice) == (0, 0, 0)


class FromElsewhere(JobFamily[FamilyParams, str, str]):
    """Ids that no SQL knows, from a source that cannot count them."""

    name = "elsewhere"
    entity = Entity("user", "users")

    def __init__(self) -> None:
        self.ids = [f"e{n:05}" for n in range(2_500)]
        self.done: set[str] = set()

    def page(self, cursor: str | None, size: int, params: FamilyParams, ctx: Context) -> Page:
        start = int(cursor or 0)
        end = start + size
        return Page(self.ids[start:end], str(end) if end < len(self.ids) else None)

    async def existing(self, ids: Sequence[str], params: FamilyParams, ctx: Context) -> set[str]:
        return self.done.intersection(ids)

    async def load(self, item_id: str, ctx: Context) -> str:
        return item_id

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        return entity


async def test_a_source_that_cannot_count_is_counted_by_reading_it(opener: Opener) -> None:
    family = FromElsewhere()
    async with opener(family) as sluice, api(sluice) as caller:
        family.done.update(family.ids[:500])
        answer = await _dry_run(caller, "/api/workflows/elsewhere/process-users")
        assert _numbers(answer) == (2_500, 2_000, 500, True)


class FromAfar(FromElsewhere):
    """Looking up what exists takes longer than the test's budget."""

    name = "afar"

    async def existing(self, ids: Sequence[str], params: FamilyParams, ctx: Context) -> set[str]:
        await asyncio.sleep(0.05)
        return set()


async def test_a_source_that_cannot_count_is_not_guessed_at(opener: Opener) -> None:
    async with opener(FromAfar(), dry_run_budget=0.01) as sluice, api(sluice) as caller:
        answer = await _dry_run(caller, "/api/workflows/afar/process-users")
        names = ("totalEligible", "toProcess", "alreadyProcessed", "exact")
        assert [answer[name] for name in names] == [None, None, None, False]
        assert answer["message"] == "[DryRun] Would process an unknown number of users"
        assert answer["estimate"]["seconds"] is None
        assert answer["sample"] == ["e00000", "e00001", "e00002", "e00003", "e00004"]


class ThreeColumns(Recording):
    def eligible(self, params: FamilyParams) -> Select[Any]:  # of three columns: the mistake
        return super().eligible(params).add_columns(col(User.name), col(User.active))


async def test_a_family_that_selects_three_columns_is_told_so(opener: Opener) -> None:
    async with opener(ThreeColumns()) as sluice, api(sluice) as caller:
        document = assert_problem(await caller.post(PROCESS, json={"dryRun": True}), 500)
        assert "one column, the id, or two" in document["detail"]
