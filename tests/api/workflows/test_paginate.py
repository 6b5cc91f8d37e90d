"""The paginate route: a run's paging goes on at a cursor, or a chunk is scheduled."""

from __future__ import annotations

import httpx2
import pytest

from app.engine import OutgoingMessage
from app.store.runs import transitions
from app.store.runs.runs import Statistics
from app.store.statuses import RunStatus
from app.workflows.keys import MAX_ITEM_ID, new_id
from app.workflows.sources.item_source import ListSource
from tests.support.families import Beside, Recording
from tests.support.http import api, assert_problem, fields, traces
from tests.support.service import Opener, Sluice, assert_exact

PAGINATE = "/api/workflows/recording/paginate-users"


class Other(Recording):
    name = "other"


async def running(sluice: Sluice, *, cursor: str | None = None) -> str:
    """A run that layer 1 has set going, whose first page nobody has read."""
    run_id = await sluice.start("recording")
    async with sluice.service.database.begin() as tx:
        assert await transitions.begin(tx, run_id, Statistics(130, 130, 0))
    await sluice.sql("DELETE FROM sluice.message")
    if cursor is not None:
        await sluice.sql(
            "UPDATE sluice.run SET cursor = :cursor WHERE id = :id", cursor=cursor, id=run_id
        )
    return run_id


async def _cursor(caller: httpx2.AsyncClient, run_id: str) -> str:
    cursor = (await caller.get(f"/api/runs/{run_id}")).json()["run"]["cursor"]
    assert isinstance(cursor, str)
    return cursor


async def test_paging_goes_on_at_a_cursor_that_the_run_showed(opener: Opener) -> None:
    family = Recording()
    async with opener(family) as sluice, api(sluice) as caller:
        ids = await sluice.add_users(130)
        run_id = await running(sluice, cursor='"u00100"')
        body = {"runId": run_id, "cursor": await _cursor(caller, run_id)}
        response = await caller.post(PAGINATE, json=body)
        assert response.status_code == 202
        assert response.json()["runId"] == run_id
        async with sluice.worker():
            run = await sluice.ended(run_id)
        assert sorted(family.executed) == ids[100:]
        assert_exact(run, await sluice.items(run_id))


async def test_without_a_cursor_paging_begins_at_the_start(opener: Opener) -> None:
    family = Recording()
    async with opener(family) as sluice, api(sluice) as caller:
        ids = await sluice.add_users(60)
        run_id = await running(sluice, cursor='"u00055"')
        assert (await caller.post(PAGINATE, json={"runId": run_id})).status_code == 202
        async with sluice.worker():
            await sluice.ended(run_id)
        assert family.executed == dict.fromkeys(ids, 1)


async def test_a_cursor_of_another_run_or_another_list_or_tampered_with_is_refused(
    opener: Opener, subtests: pytest.Subtests
) -> None:
    async with opener(Beside()) as sluice, api(sluice) as caller:
        run_id, other = [await running(sluice, cursor='"u1"') for _ in range(2)]
        for n in range(2):
            await sluice.sql(
                "INSERT INTO sluice.item (run_id, item_id, status) VALUES (:run, :id, 'pending')",
                run=run_id,
                id=f"u{n}",
            )
        mine = await _cursor(caller, run_id)
        cursors = {
            "another run": await _cursor(caller, other),
            "the list of runs": (await caller.get("/api/runs?limit=1")).json()["nextCursor"],
            "the list of items": (await caller.get(f"/api/runs/{run_id}/items?limit=1")).json()[
                "nextCursor"
            ],
            "the position itself": '"u1"',
            "tampered at the front": ("A" if mine[0] != "A" else "B") + mine[1:],
            "tampered in the middle": mine[:18] + ("A" if mine[18] != "A" else "B") + mine[19:],
            "cut": mine[:-2],
        }
        before = await traces(sluice)
        for name, cursor in cursors.items():
            with subtests.test(name):
                body = {"runId": run_id, "cursor": cursor}
                document = assert_problem(await caller.post(PAGINATE, json=body), 422)
                assert fields(document) == ["cursor"]
                assert await traces(sluice) == before


async def test_named_items_are_scheduled_exactly(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        ids = await sluice.add_users(30)
        run_id = await running(sluice)
        body = {"runId": run_id, "itemIds": [ids[7], ids[3]]}
        response = await caller.post(PAGINATE, json=body)
        assert response.status_code == 202
        assert response.json()["scheduled"] == 2
        assert response.json()["message"] == "Scheduled 2 users"
        assert [item.item_id for item in await sluice.items(run_id)] == [ids[3], ids[7]]
        assert (await sluice.run(run_id)).scheduled == 2
        assert await sluice.queued() == 2
        again = await caller.post(PAGINATE, json=body)
        assert again.status_code == 202
        assert (await sluice.run(run_id)).scheduled == 2
        assert await sluice.queued() == 2
        assert again.json()["scheduled"] == 0


async def test_only_items_that_are_new_to_the_run_are_said_to_be_scheduled(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        run_id = await running(sluice)
        said = []
        for named in (["u1"], ["u1", "u2"], ["u1"], ["u1", "u2"]):
            body = {"runId": run_id, "itemIds": named}
            answer = (await caller.post(PAGINATE, json=body)).json()
            said.append((answer["scheduled"], answer["message"]))
        assert said == [
            (1, "Scheduled 1 user"),
            (1, "Scheduled 1 of 2 users; the others are in the run already"),
            (0, "This user is in the run already"),
            (0, "Scheduled 0 of 2 users; the others are in the run already"),
        ]
        assert (await sluice.run(run_id)).scheduled == 2


async def test_an_item_that_is_named_twice_is_scheduled_once_and_counted_once(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        run_id = await running(sluice)
        body = {"runId": run_id, "itemIds": ["u1", "u1", "u2"]}
        response = await caller.post(PAGINATE, json=body)
        assert await sluice.queued() == 2
        assert response.json()["scheduled"] == 2


async def test_an_item_that_has_its_outcome_is_not_scheduled_again(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        run_id = await running(sluice)
        await caller.post(PAGINATE, json={"runId": run_id, "itemIds": ["u1"]})
        await sluice.sql("UPDATE sluice.item SET status = 'succeeded'")
        await sluice.sql("DELETE FROM sluice.message")
        response = await caller.post(PAGINATE, json={"runId": run_id, "itemIds": ["u1"]})
        assert response.json()["scheduled"] == 0
        assert await sluice.queued() == 0


async def test_a_run_that_is_not_running_takes_no_more_work(
    opener: Opener, subtests: pytest.Subtests
) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        run_id = await running(sluice)
        before = await traces(sluice)
        for status in sorted({*RunStatus} - {RunStatus.RUNNING}):
            await sluice.sql("UPDATE sluice.run SET status = :status", status=status)
            for body in (
                {"runId": run_id},
                {"runId": run_id, "itemIds": ["u1"]},
            ):
                with subtests.test(status=str(status), body=sorted(body)):
                    document = assert_problem(await caller.post(PAGINATE, json=body), 409)
                    assert f"is {status}" in document["detail"]
                    assert await traces(sluice) == before


async def test_a_run_of_another_family_is_refused(opener: Opener) -> None:
    async with opener(Recording(), Other()) as sluice, api(sluice) as caller:
        run_id = await running(sluice)
        before = await traces(sluice)
        path = "/api/workflows/other/paginate-users"
        for body in ({"runId": run_id}, {"runId": run_id, "itemIds": ["u1"]}):
            document = assert_problem(await caller.post(path, json=body), 422)
            assert fields(document) == ["runId"]
            assert "belongs to recording" in document["detail"]
        assert await traces(sluice) == before


async def test_a_page_that_is_asked_for_twice_doubles_no_item(opener: Opener) -> None:
    family = Recording()
    async with opener(family) as sluice, api(sluice) as caller:
        ids = await sluice.add_users(70)
        run_id = await running(sluice)
        for _ in range(3):
            assert (await caller.post(PAGINATE, json={"runId": run_id})).status_code == 202
        assert await sluice.queued() == 1
        async with sluice.worker():
            run = await sluice.ended(run_id)
        assert family.executed == dict.fromkeys(ids, 1)
        assert_exact(run, await sluice.items(run_id))


async def test_the_cursor_after_the_longest_id_is_accepted_back(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        ids = [f"{n}".ljust(MAX_ITEM_ID, "\N{PARTY POPPER}") for n in range(2)]
        position = (await ListSource(ids).page(None, 1)).next_cursor
        run_id = await running(sluice, cursor=position)
        body = {"runId": run_id, "cursor": await _cursor(caller, run_id)}
        assert (await caller.post(PAGINATE, json=body)).status_code == 202


async def test_a_message_of_an_id_that_waits_already_is_not_published_again(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice:
        message = OutgoingMessage(new_id("m"), "recording.execute", b"{}")
        await sluice.publish(message, message)
        await sluice.publish(message)
        assert await sluice.queued() == 1
