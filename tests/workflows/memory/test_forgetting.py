"""Forgetting results: by hand, over the API, and by their age."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx2

from app.store.items.memory_retention import BATCH, prune_memories
from app.store.items.result_memory import register
from tests.support.families import Recording
from tests.support.http import api, assert_problem
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice
from tests.workflows.memory.remembering import Params, Remembering, age, remembered

PATH = "/api/families/remembering/forget"
KEPT = {"remembering": timedelta(days=30)}


async def played(sluice: Sluice, users: int = 0, params: Params | None = None) -> None:
    await sluice.add_users(users)
    run_id = await sluice.start(params=params)
    async with sluice.worker():
        assert (await sluice.ended(run_id)).status == "succeeded"
    # The worker itself has begun to look for what is too old, and may be cut off amid it: whoever
    # looks next goes on from there.
    await prune_memories(sluice.service.database, KEPT)


async def left(sluice: Sluice, params: Params | None = None) -> int | None:
    return (await sluice.dry_run(params=params)).already_processed


async def forgotten(caller: httpx2.AsyncClient, **body: object) -> object:
    answer = await caller.post(PATH, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()["forgotten"]


async def test_what_is_forgotten_is_made_anew_and_the_audit_says_who_forgot_it(
    opener: Opener,
) -> None:
    async with opener(Remembering()) as sluice, api(sluice) as caller:
        await played(sluice, 5)
        await played(sluice, params=Params(locale="de"))
        ids = ["u00002", "u00004", "nobody"]
        assert await forgotten(caller, itemIds=ids, note="They were wrong.") == 2
        assert await left(sluice) == await left(sluice, Params(locale="de")) == 3
        assert await forgotten(caller, itemIds=["u00002"]) == 0
        assert await forgotten(caller, all=True) is None
        assert await left(sluice) == await left(sluice, Params(locale="de")) == 0
        entries = (await caller.get("/api/audit?subject=family")).json()["entries"]
        told = {"items": 3, "forgotten": 2, "itemIds": ["nobody", "u00002", "u00004"]}
        assert [(one["action"], one["name"], one["after"], one["note"]) for one in entries] == [
            ("results_forgotten", "remembering", None, None),
            ("results_forgotten", "remembering", told, "They were wrong."),
        ]
        assert {one["who"] for one in entries} == {"ops"}
        await played(sluice)
        assert await left(sluice) == 5


async def test_an_empty_body_forgets_nothing_and_neither_does_a_family_that_remembers_nothing(
    opener: Opener,
) -> None:
    async with opener(Remembering(), Recording()) as sluice, api(sluice) as caller:
        for body in ({}, {"all": True, "itemIds": ["u1"]}, {"all": False}):
            assert_problem(await caller.post(PATH, json=body), 422)
        assert_problem(await caller.post(PATH), 422)
        other = PATH.replace("remembering", "recording")
        refused = await caller.post(other, json={"all": True})
        assert "remembers no results" in assert_problem(refused, 409)["detail"]
        gone = await caller.post(PATH.replace("remembering", "nobody"), json={"all": True})
        assert_problem(gone, 404)


async def test_a_family_that_has_forgotten_everything_may_go_back_to_an_older_version(
    opener: Opener,
) -> None:
    async with opener(Remembering(version=3)) as sluice:
        await played(sluice, 2)
    async with opener(Remembering(version=2)) as sluice, api(sluice) as caller:
        assert (await sluice.dry_run()).stale == 2
        await forgotten(caller, all=True)
        assert (await sluice.dry_run()).stale == 0
        assert await sluice.sql("SELECT version FROM sluice.memory") == [(2,)]


async def test_what_is_too_old_or_forgotten_is_deleted_and_nothing_else(opener: Opener) -> None:
    async with opener(Remembering()) as sluice, api(sluice) as caller:
        database = sluice.service.database
        await played(sluice, 4)
        [(_, _, first), *_] = await remembered(sluice)
        await played(sluice, params=Params(locale="de"))
        assert await prune_memories(database, KEPT) == 0
        older = "UPDATE sluice.remembered SET at = at - interval '31 days' WHERE run_id = :run"
        await sluice.sql(older, run=first)
        assert await prune_memories(database, {"remembering": None}) == 0
        assert await prune_memories(database, KEPT) == 4
        assert len(await remembered(sluice)) == 4
        await forgotten(caller, all=True)
        assert await prune_memories(database, {"remembering": None}) == 4
        await played(sluice)
        assert await prune_memories(database, KEPT) == 0
        assert await left(sluice) == 4


async def test_many_rows_are_deleted_a_batch_at_a_time(opener: Opener) -> None:
    async with opener(Remembering()) as sluice:
        await sluice.sql(
            "INSERT INTO sluice.remembered (memory_id, item_id, params_key, version, run_id, at)"
            " SELECT id, 'u' || n, 'k' || m, 1, 'run_1', now() - interval '1 day' * (30 + m)"
            " FROM sluice.memory, generate_series(1, :number) AS n, generate_series(0, 1) AS m",
            number=2 * BATCH,
        )
        await sluice.sql("UPDATE sluice.remembered SET at = now() WHERE params_key = 'k0'")
        assert await prune_memories(sluice.service.database, KEPT) == 2 * BATCH
        rows = await sluice.sql("SELECT params_key, count(*) FROM sluice.remembered GROUP BY 1")
        assert [tuple(row) for row in rows] == [("k0", 2 * BATCH)]


async def test_a_family_that_is_gone_is_remembered_for_a_season(opener: Opener) -> None:
    async with opener(Remembering()) as sluice:
        await played(sluice, 2)
    async with opener(Recording()) as sluice:
        database = sluice.service.database
        await age(sluice, 1_000)
        assert await prune_memories(database, {}) == 0
        await sluice.sql("UPDATE sluice.memory SET seen_at = now() - interval '91 days'")
        assert await prune_memories(database, {"remembering": None}) == 0  # it is seen again
        assert await prune_memories(database, {}) == 0
        await sluice.sql("UPDATE sluice.memory SET seen_at = now() - interval '91 days'")
        assert await prune_memories(database, {}) == 2


async def test_whoever_is_cut_off_amid_it_is_followed_from_there(opener: Opener) -> None:
    """As ticks are, each of which may be of another process: else none would come to the end."""
    async with opener(Remembering()) as sluice:
        database = sluice.service.database
        await sluice.sql(
            "INSERT INTO sluice.remembered (memory_id, item_id, params_key, version, run_id, at)"
            " SELECT id, part || n, '', 1, 'run_1', now() - days * interval '1 day'"
            " FROM sluice.memory, generate_series(1, :number) AS n,"
            " (VALUES ('a', 0), ('b', 31)) AS of (part, days)",
            number=BATCH,
        )
        for begun in ("a", "b"):
            resting = asyncio.create_task(prune_memories(database, KEPT, rests=1e9))
            async with asyncio.timeout(PATIENCE):
                while not await sluice.sql(
                    "SELECT 1 FROM sluice.memory WHERE pruned_to LIKE :begun", begun=f"{begun}%"
                ):
                    await asyncio.sleep(0.01)
            resting.cancel()
            await asyncio.wait([resting])
        assert {row[0][0] for row in await remembered(sluice)} == {"a"}
        assert await prune_memories(database, KEPT) == 0
        assert await sluice.sql("SELECT pruned_to FROM sluice.memory") == [(None,)]


async def test_what_was_gone_through_lately_is_left_alone(opener: Opener) -> None:
    day = timedelta(days=1)
    async with opener(Remembering()) as sluice:
        database = sluice.service.database
        await played(sluice, 2)
        assert await prune_memories(database, KEPT, every=day) == 0
        await age(sluice, 31)
        assert await prune_memories(database, KEPT, every=day) == 0
        await sluice.sql("UPDATE sluice.memory SET pruned_at = pruned_at - interval '1 day'")
        assert await prune_memories(database, KEPT, every=day) == 2


async def test_it_waits_for_no_service_that_starts(opener: Opener) -> None:
    """Which has its families' rows in hand, in another order maybe."""
    async with opener(Remembering()) as sluice:
        await sluice.sql("UPDATE sluice.memory SET seen_at = now() - interval '2 hours'")
        async with sluice.service.pools.ledger.begin() as tx, asyncio.timeout(PATIENCE):
            await register(tx, {"remembering": 1})
            assert await prune_memories(sluice.service.database, {"remembering": None}) == 0


async def test_a_worker_deletes_what_is_too_old_by_itself(opener: Opener) -> None:
    async with opener(Remembering()) as sluice:
        await played(sluice, 2)
        await sluice.sql("UPDATE sluice.memory SET pruned_at = NULL")
        await age(sluice, 31)
        async with sluice.worker(), asyncio.timeout(PATIENCE):
            while await remembered(sluice):
                await asyncio.sleep(0.01)
