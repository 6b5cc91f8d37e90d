"""A page of a run whose partitions have limits adds each item once, and counts what may begin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from app.store.items import partitioned_pages
from app.store.items.pages import Advanced
from tests.support.families import Recording
from tests.support.service import Opener, Sluice

RUN = "run_1"


async def insert_run(sluice: Sluice, *, item_limit: int | None = None, scheduled: int = 0) -> None:
    await sluice.sql(
        "INSERT INTO sluice.run (id, family, status, params, force, started_by, item_limit,"
        " scheduled) VALUES (:id, 'recording', 'running', '{}', false, 'test', :item_limit,"
        " :scheduled)",
        id=RUN,
        item_limit=item_limit,
        scheduled=scheduled,
    )


async def advance(
    sluice: Sluice, of: Mapping[str, str], most: int, *, look_ahead: int = 100
) -> tuple[Advanced | None, Sequence[str]]:
    async with sluice.service.database.begin() as tx:
        return await partitioned_pages.advance(
            tx,
            RUN,
            of,
            lambda _: most,
            cursor=None,
            item_ids=list(of),
            next_cursor=None,
            last=False,
            look_ahead=look_ahead,
        )


async def items(sluice: Sluice) -> dict[str, tuple[str, str]]:
    rows = await sluice.sql("SELECT item_id, partition, status FROM sluice.item")
    return {row[0]: (row[1], row[2]) for row in rows}


async def admitted(sluice: Sluice) -> dict[str, int]:
    rows = await sluice.sql("SELECT partition, admitted FROM sluice.run_partition")
    return {row[0]: row[1] for row in rows}


async def test_of_each_partition_so_many_may_begin_and_the_others_fill_no_look_ahead(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice:
        await insert_run(sluice)
        first = {"a1": "a", "a2": "a", "a3": "a", "b1": "b", "n1": "", "n2": ""}
        page, ready = await advance(sluice, first, 2, look_ahead=6)
        assert page is not None
        assert (sorted(page.fresh), sorted(ready)) == (
            sorted(first),
            ["a1", "a2", "b1", "n1", "n2"],
        )
        assert (page.room, page.held) == (1, False)
        page, ready = await advance(sluice, {"a4": "a", "b2": "b", "b3": "b"}, 2, look_ahead=6)
        assert page is not None
        assert (sorted(ready), page.held) == (["b2"], True)
        assert await admitted(sluice) == {"a": 2, "b": 2}
        parked = await sluice.sql("SELECT item_id FROM sluice.parked_item ORDER BY item_id")
        assert [row[0] for row in parked] == ["a3", "a4", "b3"]
        run = await sluice.run(RUN)
        assert (run.scheduled, run.suspended, run.held) == (9, 3, True)
        assert (await advance(sluice, {"c1": "c"}, 2))[0] is None  # it is held


async def test_one_that_was_there_before_keeps_no_other_from_beginning(opener: Opener) -> None:
    """Of a canary, say."""
    async with opener(Recording()) as sluice:
        await insert_run(sluice, scheduled=1)
        await sluice.sql(
            "INSERT INTO sluice.item (run_id, item_id, status, partition)"
            " VALUES (:run, 'a1', 'succeeded', 'a')",
            run=RUN,
        )
        page, ready = await advance(sluice, {"a1": "a", "a2": "a", "a3": "a"}, 2)
        assert page is not None
        assert (sorted(page.fresh), sorted(ready)) == (["a2", "a3"], ["a2", "a3"])
        assert await admitted(sluice) == {"a": 2}
        assert await sluice.sql("SELECT 1 FROM sluice.parked_item") == []
        assert (await sluice.run(RUN)).suspended == 0
        assert {status for _, status in (await items(sluice)).values()} == {"succeeded", "pending"}


async def test_a_runs_limit_takes_the_first_of_a_page(opener: Opener) -> None:
    async with opener(Recording()) as sluice:
        await insert_run(sluice, item_limit=3)
        page, ready = await advance(sluice, {"d": "x", "c": "y", "b": "x", "a": "z"}, 1)
        assert page is not None
        assert (sorted(page.fresh), page.paged, sorted(ready)) == (
            ["b", "c", "d"],
            True,
            ["c", "d"],
        )
        assert await items(sluice) == {
            "b": ("x", "suspended"), "c": ("y", "pending"), "d": ("x", "pending")
        }  # fmt: skip
