"""Looking at runs and their items: filters, and pages without gaps or repeats."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import httpx2
import pytest

from app.workflows.keys import new_id
from tests.support.families import Recording
from tests.support.http import api, assert_problem, fields
from tests.support.service import Opener, Sluice

PROCESS = "/api/workflows/recording/process-users"


class Other(Recording):
    name = "other"


async def _add_run(
    sluice: Sluice, *, family: str = "recording", status: str = "running", by: str = "ops"
) -> str:
    run_id = new_id("run")
    await sluice.sql(
        "INSERT INTO sluice.run (id, family, status, params, force, started_by)"
        " VALUES (:id, :family, :status, '{}', false, :by)",
        id=run_id,
        family=family,
        status=status,
        by=by,
    )
    await asyncio.sleep(0.002)  # ids sort by the millisecond
    return run_id


async def _page(caller: httpx2.AsyncClient, path: str, **query: str) -> dict[str, Any]:  # JSON
    response = await caller.get(path, params=query)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    assert answer["success"] is True
    return answer


async def _listed(caller: httpx2.AsyncClient, **query: str) -> list[str]:
    return [run["id"] for run in (await _page(caller, "/api/runs", **query))["runs"]]


async def test_runs_are_listed_the_newest_first_and_filtered(opener: Opener) -> None:
    async with opener(Recording(), Other()) as sluice, api(sluice) as caller:
        first = await _add_run(sluice, status="succeeded", by="cron")
        second = await _add_run(sluice, family="other", status="failed")
        third = await _add_run(sluice, status="failed")
        fourth = await _add_run(sluice, by="cron")
        assert await _listed(caller) == [fourth, third, second, first]
        assert await _listed(caller, family="recording") == [fourth, third, first]
        assert await _listed(caller, family="nobody") == []
        assert await _listed(caller, status="failed") == [third, second]
        assert await _listed(caller, startedBy="cron") == [fourth, first]
        both = await _listed(caller, family="recording", status="failed", startedBy="ops")
        assert both == [third]
        assert await _listed(caller, family="other", startedBy="cron") == []


async def test_runs_are_listed_by_when_they_were_created(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        ids = [await _add_run(sluice) for _ in range(3)]
        for day, run_id in enumerate(ids, 1):
            await sluice.sql(
                "UPDATE sluice.run SET created_at = make_timestamptz(2026, 3, :day, 12, 0, 0,"
                " 'UTC')"
                " WHERE id = :id",
                day=day,
                id=run_id,
            )
        first, second, third = ids
        assert await _listed(caller, **{"from": "2026-03-02"}) == [third, second]
        assert await _listed(caller, to="2026-03-02") == [first]
        assert await _listed(caller, **{"from": "2026-03-02", "to": "2026-03-03"}) == [second]
        # What stands at `from` is in, what stands at `to` is not.
        noon = "2026-03-02T13:00+01:00"
        assert await _listed(caller, **{"from": noon}) == [third, second]
        assert await _listed(caller, to=noon) == [first]
        page = await _page(caller, "/api/runs", limit="1", **{"from": "2026-03-02"})
        rest = await _page(caller, "/api/runs", cursor=page["nextCursor"], **{"from": "2026-03-02"})
        assert [run["id"] for run in rest["runs"]] == [second]


async def test_paging_through_runs_skips_and_repeats_none_while_new_ones_come(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        there = [await _add_run(sluice) for _ in range(11)]
        found: list[str] = []
        query = {"limit": "3"}
        while True:
            answer = await _page(caller, "/api/runs", **query)
            found += [run["id"] for run in answer["runs"]]
            await _add_run(sluice)
            if answer["nextCursor"] is None:
                break
            query["cursor"] = answer["nextCursor"]
        assert found == there[::-1]


async def test_a_last_page_that_is_just_full_has_no_next_one(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        for _ in range(4):
            await _add_run(sluice)
        answer = await _page(caller, "/api/runs", limit="4")
        assert len(answer["runs"]) == 4
        assert answer["nextCursor"] is None
        assert (await _page(caller, "/api/runs", limit="3"))["nextCursor"] is not None


async def test_a_query_that_cannot_be_used_is_refused_by_its_name(
    opener: Opener, subtests: pytest.Subtests
) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        run_id, other = [await _add_run(sluice) for _ in range(2)]
        for item_id in ("u1", "u2"):
            await sluice.sql(
                "INSERT INTO sluice.item (run_id, item_id, status) SELECT id, :item, 'pending'"
                " FROM sluice.run",
                item=item_id,
            )
        of_runs = (await _page(caller, "/api/runs", limit="1"))["nextCursor"]
        of_items = (await _page(caller, f"/api/runs/{run_id}/items", limit="1"))["nextCursor"]
        assert of_runs
        assert of_items
        bad = [
            *(
                (path, {"limit": limit}, "limit")
                for path in ("/api/runs", f"/api/runs/{run_id}/items")
                for limit in ("0", "-1", "201", "x", "")
            ),
            ("/api/runs", {"status": "done"}, "status"),
            ("/api/runs", {"from": "yesterday"}, "from"),
            ("/api/runs", {"from": "2026-13-01"}, "from"),
            ("/api/runs", {"to": "0001-01-01"}, "to"),
            ("/api/runs", {"from": "2026-01-02", "to": "2026-01-02"}, "to"),
            ("/api/runs", {"cursor": "garbage"}, "cursor"),
            ("/api/runs", {"cursor": of_items}, "cursor"),
            ("/api/runs", {"cursor": of_runs[:-1]}, "cursor"),
            ("/api/runs", {"cursor": f"x{of_runs}"}, "cursor"),
            (f"/api/runs/{run_id}/items", {"cursor": of_runs}, "cursor"),
            (f"/api/runs/{other}/items", {"cursor": of_items}, "cursor"),
            (f"/api/runs/{run_id}/items", {"status": "running"}, "status"),
            (f"/api/runs/{'x' * 101}", {}, "run_id"),
        ]
        for path, query, field in bad:
            with subtests.test(path=path, query=query):
                document = assert_problem(await caller.get(path, params=query), 422)
                assert fields(document) == [field]


async def test_the_largest_page_is_of_200_rows(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        run_id = await _add_run(sluice)
        await sluice.sql(
            "INSERT INTO sluice.item (run_id, item_id, status)"
            " SELECT :run, 'u' || n, 'pending' FROM generate_series(1, 201) n",
            run=run_id,
        )
        path = f"/api/runs/{run_id}/items"
        assert len((await _page(caller, path, limit="200"))["items"]) == 200
        assert len((await _page(caller, path))["items"]) == 50


async def test_items_are_listed_by_id_and_by_status_page_by_page(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        run_id, other = [await _add_run(sluice) for _ in range(2)]
        await sluice.sql(
            "INSERT INTO sluice.item (run_id, item_id, status)"
            " SELECT run.id, 'Ü' || n, CASE WHEN n % 3 = 0 THEN 'failed' ELSE 'succeeded' END"
            " FROM sluice.run, generate_series(10, 39) n",
        )
        for status, expected in (
            (None, range(10, 40)),
            ("failed", range(12, 40, 3)),
            ("cancelled", ()),
        ):
            found: list[str] = []
            query = {"limit": "4"} | ({} if status is None else {"status": status})
            while True:
                answer = await _page(caller, f"/api/runs/{run_id}/items", **query)
                found += [item["itemId"] for item in answer["items"]]
                if answer["nextCursor"] is None:
                    break
                query["cursor"] = answer["nextCursor"]
            assert found == [f"Ü{n}" for n in expected]
        assert other != run_id


async def test_a_failed_item_shows_what_went_wrong_and_a_good_one_its_result(
    opener: Opener,
) -> None:
    def work(item_id: str, _ctx: object) -> object:
        if item_id == "u00002":
            raise ValueError("the second is broken")
        return None

    async with opener(Recording(work=work)) as sluice, api(sluice) as caller:
        await sluice.add_users(2)
        run_id = (await caller.post(PROCESS, json={})).json()["runId"]
        async with sluice.worker():
            await sluice.ended(run_id)
        good, bad = (await _page(caller, f"/api/runs/{run_id}/items"))["items"]
        assert (good["status"], good["result"]) == ("succeeded", "result of u00001")
        assert (bad["status"], bad["attempts"], bad["errorClass"]) == ("failed", 3, "ValueError")
        assert bad["errorMessage"] == "the second is broken"
        assert "Traceback" in bad["errorTraceback"]
        run = (await _page(caller, f"/api/runs/{run_id}"))["run"]
        assert run["status"] == "partial"
        assert run["ended"] == 2
        assert run["counters"]["succeeded"] == run["counters"]["failed"] == 1
        assert run["startedAt"] <= run["finishedAt"]


async def test_a_list_leaves_large_results_out_and_says_so_unless_they_are_asked_for(
    opener: Opener,
) -> None:
    class Mixed(Recording):
        async def execute(self, entity: str, *rest: object) -> str:
            # Packed, the second is much smaller than what a list holds.
            return {"u00001": "small", "u00002": "x" * 10_000}.get(entity, random_text(10_000))

    async with opener(Mixed()) as sluice, api(sluice) as caller:
        run_id = (await sluice.played(3)).id
        path = f"/api/runs/{run_id}/items"
        listed = (await _page(caller, path))["items"]
        asked = (await _page(caller, path, largeResults="true"))["items"]
        single = [(await _page(caller, f"{path}/{one['itemId']}"))["item"] for one in listed]
    assert [one["resultOmitted"] for one in listed] == [False, True, True]
    assert [one["result"] for one in listed] == ["small", None, None]
    assert [len(one["result"]) for one in asked] == [5, 10_000, 10_000]
    assert not any(one["resultOmitted"] for one in asked)
    assert asked == single


async def test_a_list_of_large_results_has_so_many_bytes_at_the_most(opener: Opener) -> None:
    class Large(Recording):
        async def execute(self, entity: str, *rest: object) -> str:
            return "small" if entity == "u00004" else "x" * 9_000_000

    async with opener(Large(), max_result_bytes=10_000_000) as sluice, api(sluice) as caller:
        run_id = (await sluice.played(4)).id
        path = f"/api/runs/{run_id}/items"
        first = (await _page(caller, path, largeResults="true"))["items"]
        assert [one["resultOmitted"] for one in first] == [False, False, True, True]
        assert [one["result"] is None for one in first] == [False, False, True, True]
        rest = (await _page(caller, f"{path}/u00003"))["item"]
        assert len(rest["result"]) == 9_000_000


def random_text(length: int) -> str:
    return "".join(random.choices("0123456789abcdef", k=length))  # noqa: S311 - no secret


async def test_what_follows_a_run_is_found_by_index_beside_very_many_runs(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        former, *followers = [await _add_run(sluice) for _ in range(3)]
        await sluice.sql(
            "UPDATE sluice.run SET follows = :former WHERE id = ANY(:ids)",
            former=former,
            ids=followers,
        )
        await sluice.sql(
            "INSERT INTO sluice.run (id, family, status, params, force, started_by, follows)"
            " SELECT 'run_0' || n, 'recording', 'succeeded', '{}', false, 'ops',"
            " CASE n % 2 WHEN 0 THEN 'run_of_another_line' END FROM generate_series(1, 20000) AS n"
        )
        await sluice.sql("ANALYZE sluice.run")
        page = await _page(caller, "/api/runs", follows=former)
        plan = await sluice.sql(
            "EXPLAIN SELECT * FROM sluice.run WHERE parent_run IS NULL AND follows = :former"
            " ORDER BY id DESC LIMIT 51",
            former=former,
        )
    assert [(run["id"], run["follows"]) for run in page["runs"]] == [
        (run_id, former) for run_id in reversed(followers)
    ]
    lines = "\n".join(row[0] for row in plan)
    assert "ix_run_follows" in lines, lines
