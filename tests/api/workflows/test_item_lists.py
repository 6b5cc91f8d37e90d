"""Lists of ids that are too long for one call, and runs over them."""

from __future__ import annotations

import asyncio
import io

import httpx2
import pytest

from app.cli.input.item_ids import read_ids
from app.errors import BadInput
from app.store.items import item_lists
from tests.support.control import paused
from tests.support.families import Beside, Recording
from tests.support.http import CRON, api, assert_problem, bearer, fields
from tests.support.service import Opener

LISTS = "/api/item-lists"
PROCESS = "/api/workflows/recording/process-users"


async def _list(caller: httpx2.AsyncClient, *parts: list[str]) -> str:
    made = await caller.post(LISTS, json={"itemIds": parts[0]})
    assert made.status_code == 201
    list_id = str(made.json()["listId"])
    for part in parts[1:]:
        assert (await caller.post(f"{LISTS}/{list_id}", json={"itemIds": part})).status_code == 200
    return list_id


async def test_a_run_over_a_list_is_over_its_ids_and_filters_as_any_other(opener: Opener) -> None:
    family = Recording()
    async with opener(family) as sluice, api(sluice) as caller, sluice.worker():
        users = await sluice.add_users(3_000)
        family.done = set(users[:1_900])
        list_id = await _list(caller, users[:1_000], users[900:2_000], ["nobody"])
        dry = await caller.post(PROCESS, json={"itemList": list_id, "dryRun": True})
        assert (dry.json()["totalEligible"], dry.json()["toProcess"]) == (2_001, 101)
        started = await caller.post(PROCESS, json={"itemList": list_id})
        run = await sluice.ended(started.json()["runId"])
        assert (run.status, run.succeeded, run.skipped) == ("succeeded", 100, 1)
        assert set(family.executed) == set(users[1_900:2_000])
        shown = (await caller.get(f"/api/runs/{run.id}")).json()["run"]
        assert (shown["itemList"], shown["itemIds"]) == (list_id, None)


async def test_parts_may_come_twice(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        list_id = await _list(caller, ["a", "b", "a"], ["b", "c"])
        again = await caller.post(f"{LISTS}/{list_id}", json={"itemIds": ["c", "a"]})
        assert again.json() == {"success": True, "listId": list_id, "items": 3}


async def test_a_list_takes_no_more_ids_once_a_run_has_named_it(opener: Opener) -> None:
    family = Beside()
    async with opener(family) as sluice, api(sluice) as caller:
        await sluice.add_users(4)
        list_id = await _list(caller, ["u00001"])
        body = {"itemList": list_id, "approval": True}
        dry = {"itemList": list_id, "dryRun": True}
        assert (await caller.post(PROCESS, json=dry)).status_code == 200
        path = f"{LISTS}/{list_id}"
        added = await caller.post(path, json={"itemIds": ["u00002"]})  # a dry run names nothing
        assert added.json()["items"] == 2
        run_id = (await caller.post(PROCESS, json=body)).json()["runId"]
        again = (await caller.post(PROCESS, json={**body, "force": True})).json()["runId"]
        async with sluice.worker():
            await paused(sluice, run_id)
            refused = await caller.post(path, json={"itemIds": ["u00001", "u00003"]})
            document = assert_problem(refused, 409)
            assert (document["runId"], run_id in document["detail"]) == (run_id, True)
            # A part that had come, and whose answer was lost, may come again.
            repeated = await caller.post(path, json={"itemIds": ["u00002", "u00001"]})
            assert repeated.json()["items"] == 2
            await caller.post(f"/api/runs/{run_id}/approve")
            run = await sluice.ended(run_id)
            assert (run.succeeded, sorted(family.executed)) == (2, ["u00001", "u00002"])
        await caller.post(f"/api/runs/{again}/cancel")
        assert_problem(await caller.post(path, json={"itemIds": ["u00004"]}), 409)


async def test_a_list_is_added_to_by_the_token_that_made_it_alone(opener: Opener) -> None:
    async with opener(Beside()) as sluice, api(sluice) as caller:
        list_id = await _list(caller, ["a"])
        path = f"{LISTS}/{list_id}"
        other = await caller.post(path, json={"itemIds": ["b"]}, headers=bearer(CRON))
        assert "another token" in assert_problem(other, 403)["detail"]
        assert (await caller.post(path, json={"itemIds": ["b"]})).json()["items"] == 2


async def test_a_run_that_comes_while_ids_are_added_is_over_all_of_them_or_none(
    opener: Opener,
) -> None:
    """Whichever commits first: what the run counts is what the list holds from then on."""
    async with opener(Beside()) as sluice, api(sluice) as caller:
        await sluice.add_users(1)
        for attempt in range(10):
            list_id = await _list(caller, ["a"])
            more = caller.post(f"{LISTS}/{list_id}", json={"itemIds": [f"b{attempt}"]})
            start = caller.post(PROCESS, json={"itemList": list_id, "force": True})
            added, started = await asyncio.gather(more, start)
            assert started.status_code == 202
            [(number, frozen_by)] = await sluice.sql(
                "SELECT number, frozen_by FROM sluice.item_list WHERE id = :id", id=list_id
            )
            assert frozen_by == started.json()["runId"]
            assert (added.status_code, number) in ((200, 2), (409, 1))


async def test_what_cannot_be_used_is_refused(
    opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opener(Beside()) as sluice, api(sluice) as caller:
        for path in (LISTS, f"{LISTS}/ids_none"):
            for ids in ([], [""], ["x" * 201], ["a\0"], ["a"] * 5_001):
                assert_problem(await caller.post(path, json={"itemIds": ids}), 422)
        assert_problem(await caller.post(f"{LISTS}/ids_none", json={"itemIds": ["a"]}), 404)
        unknown = await caller.post(PROCESS, json={"itemList": "ids_none"})
        assert fields(assert_problem(unknown, 404)) == ["itemList"]
        list_id = await _list(caller, ["a"])
        both = await caller.post(PROCESS, json={"itemList": list_id, "itemIds": ["a"]})
        assert fields(assert_problem(both, 422)) == ["itemList"]
        monkeypatch.setattr(item_lists, "MOST_LISTED", 3)
        more = await caller.post(f"{LISTS}/{list_id}", json={"itemIds": ["b", "c", "d"]})
        assert_problem(more, 413)
        one = await caller.post(f"{LISTS}/{list_id}", json={"itemIds": ["b"]})
        assert one.json()["items"] == 2  # of what was refused nothing was kept
        assert_problem(await caller.post(LISTS, json={}, headers=bearer(CRON)), 422)


async def test_old_lists_are_deleted_unless_a_run_reads_them(opener: Opener) -> None:
    async with opener(Beside()) as sluice, api(sluice) as caller:
        lists = [await _list(caller, ["a", "b"]) for _ in range(3)]
        ids = [
            (await caller.post(PROCESS, json={"itemList": one})).json()["runId"]
            for one in lists[:2]
        ]
        await caller.post(f"/api/runs/{ids[0]}/cancel")
        await item_lists.prune(sluice.service.database)
        assert len(await sluice.sql("SELECT 1 FROM sluice.item_list")) == 3
        await sluice.sql("UPDATE sluice.item_list SET created_at = now() - interval '8 days'")
        await item_lists.prune(sluice.service.database)
        assert await sluice.sql("SELECT id FROM sluice.item_list") == [(lists[1],)]
        assert len(await sluice.sql("SELECT 1 FROM sluice.listed_item")) == 2


def test_ids_are_read_line_by_line() -> None:
    text = "\ufeffu1\r\n\n  u2 \nü3"
    assert list(read_ids(io.BytesIO(text.encode()), "x", "--items-from")) == ["u1", "u2", "ü3"]


@pytest.mark.parametrize("line", [b"x" * 201, b"\xff", b"a\0b", b"x" * 100_000])
def test_a_line_that_is_no_id_is_told_by_its_number(line: bytes) -> None:
    with pytest.raises(BadInput, match="line 2:"):
        list(read_ids(io.BytesIO(b"u1\n" + line + b"\nu3"), "ids.txt", "--items-from"))
