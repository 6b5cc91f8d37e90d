"""Sources: whatever the ids are, the pages put together are all of them, in order, once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from uuid import UUID

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    Select,
    Table,
    Text,
    Uuid,
    insert,
    literal_column,
    select,
)
from sqlalchemy import delete as sql_delete
from sqlalchemy.ext.asyncio import AsyncEngine

from app.bootstrap import make_context
from app.errors import ConfigurationError
from app.workflows.client import RunRequest
from app.workflows.family import Context, Page
from app.workflows.keys import MAX_ITEM_ID
from app.workflows.sources.item_ids import checked_id
from app.workflows.sources.item_source import (
    FamilySource,
    ListSource,
    Source,
    source_of,
    without_result,
)
from app.workflows.sources.loop_detection import Course
from app.workflows.sources.sql_source import SqlSource
from tests.support.families import Recording
from tests.support.service import Opener

METADATA = MetaData()
TEXTS = Table("texts", METADATA, Column("id", Text(collation="C"), primary_key=True))
LOCALISED = Table("localised", METADATA, Column("id", Text, primary_key=True))
NUMBERS = Table("numbers", METADATA, Column("id", Integer, primary_key=True))
UUIDS = Table("uuids", METADATA, Column("id", Uuid, primary_key=True))

printed = st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp"))
stored = st.text(printed, min_size=1, max_size=12)
sizes = st.integers(1, 9)
few = settings(
    deadline=None,
    max_examples=15,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest_asyncio.fixture
async def database(database: AsyncEngine) -> AsyncEngine:
    async with database.begin() as tx:
        await tx.run_sync(METADATA.create_all)
    return database


async def pages(source: Source, size: int) -> list[Sequence[str]]:
    found: list[Sequence[str]] = []
    cursor: str | None = None
    while True:
        page = await source.page(cursor, size)
        found.append(page.ids)
        if page.next_cursor is None:
            return found
        assert len(page.ids) == size
        assert page == await source.page(cursor, size)  # a page read twice is the same
        assert len(found) <= 1_000, "paging does not come to an end"
        cursor = page.next_cursor


def together(found: list[Sequence[str]]) -> list[str]:
    return [item_id for ids in found for item_id in ids]


async def _source(
    database: AsyncEngine, table: Table, ids: set[str] | set[int] | set[UUID]
) -> SqlSource:
    async with database.begin() as tx:
        await tx.execute(sql_delete(table))
        if ids:
            await tx.execute(insert(table), [{"id": value} for value in ids])
    return SqlSource(database, select(table.c.id))


@given(ids=st.sets(stored), size=sizes)
async def test_named_ids_come_page_by_page_all_in_order_and_once(ids: set[str], size: int) -> None:
    source = ListSource(tuple(sorted(ids)))
    found = await pages(source, size)
    assert together(found) == sorted(ids)
    assert await source.count() == len(ids)
    assert len(found) == max(1, -(-len(ids) // size))


@few
@given(ids=st.sets(stored, max_size=30), size=sizes)
async def test_text_ids_come_page_by_page_all_in_order_and_once(
    database: AsyncEngine, ids: set[str], size: int
) -> None:
    source = await _source(database, TEXTS, ids)
    assert together(await pages(source, size)) == sorted(ids)
    assert await source.count() == len(ids)


@few
@given(ids=st.sets(stored, max_size=30), size=sizes)
async def test_text_ids_of_the_databases_own_collation_come_all_and_once(
    database: AsyncEngine, ids: set[str], size: int
) -> None:
    source = await _source(database, LOCALISED, ids)
    found = together(await pages(source, size))
    assert sorted(found) == sorted(ids)


@few
@given(ids=st.sets(st.integers(-(2**31), 2**31 - 1), max_size=30), size=sizes)
async def test_number_ids_come_page_by_page_in_the_order_of_numbers(
    database: AsyncEngine, ids: set[int], size: int
) -> None:
    source = await _source(database, NUMBERS, ids)
    assert together(await pages(source, size)) == [str(number) for number in sorted(ids)]
    assert await source.count() == len(ids)


@few
@given(ids=st.sets(st.uuids(), max_size=30), size=sizes)
async def test_uuid_ids_come_page_by_page_all_in_order_and_once(
    database: AsyncEngine, ids: set[UUID], size: int
) -> None:
    source = await _source(database, UUIDS, ids)
    assert together(await pages(source, size)) == [str(value) for value in sorted(ids)]
    assert await source.count() == len(ids)


async def test_rows_that_come_and_go_while_paging_disturb_no_other_row(
    database: AsyncEngine,
) -> None:
    source = await _source(database, NUMBERS, set(range(0, 20, 2)))
    first = await source.page(None, 4)
    async with database.begin() as tx:
        await tx.execute(sql_delete(NUMBERS).where(NUMBERS.c.id.in_([2, 6])))
        await tx.execute(insert(NUMBERS), [{"id": 1}, {"id": 7}])
    second = await source.page(first.next_cursor, 4)
    assert (first.ids, second.ids) == (["0", "2", "4", "6"], ["7", "8", "10", "12"])


async def test_an_id_whose_type_sqlalchemy_does_not_know_is_paged_too(
    database: AsyncEngine,
) -> None:
    ids = {"a", "b", "c"}
    await _source(database, TEXTS, ids)
    untyped: Select[tuple[str]] = select(literal_column("id").label("id")).select_from(TEXTS)
    assert together(await pages(SqlSource(database, untyped), 2)) == sorted(ids)


@pytest.mark.parametrize("item_id", ["", "x" * (MAX_ITEM_ID + 1), "a\0b"])
def test_an_id_that_no_message_could_carry_is_refused(item_id: str) -> None:
    with pytest.raises(ConfigurationError, match="1 to 200 characters"):
        checked_id(item_id)


def test_an_id_of_the_longest_length_passes() -> None:
    assert checked_id("x" * MAX_ITEM_ID) == "x" * MAX_ITEM_ID


class FromElsewhere(Recording):
    name = "elsewhere"
    answers: Page = Page(["b", "a"], "next")

    async def page(self, *_: object) -> Page:
        return self.answers


async def test_a_family_that_names_its_own_pages_is_asked_for_them(opener: Opener) -> None:
    family = FromElsewhere()
    async with opener(family) as sluice:
        bound = sluice.bound()
        params = family.params()
        ctx: Context = make_context(sluice.service.services, bound)
        source = source_of(bound, params, ctx, RunRequest(params=params))
        assert isinstance(source, FamilySource)
        page = await source.page(None, 2)
        assert page.ids == ["b", "a"]
        assert Course.read(page.next_cursor).cursor == "next"
        assert await source.count() is None
        family.answers = Page(["a\0"], None)
        with pytest.raises(ConfigurationError):
            await source.page(None, 2)
        asked = RunRequest(params=params, item_ids=["b", "a", "b"])
        named = source_of(bound, params, ctx, asked)
        assert await pages(named, 5) == [["a", "b"]]


async def test_unprocessed_keeps_the_order_and_asks_only_where_there_is_somebody(
    opener: Opener,
) -> None:
    family = Recording()
    family.done = {"a", "c", "z"}
    async with opener(family) as sluice:
        bound = sluice.bound()
        ctx = make_context(sluice.service.services, bound)
        assert await without_result(bound, ["d", "c", "b", "a"], family.params(), ctx) == ["d", "b"]
        assert await without_result(bound, [], family.params(), ctx) == []
        assert family.asked == [["d", "c", "b", "a"]]


@given(st.text(min_size=1))
async def test_a_cursor_is_the_last_id_as_json(item_id: str) -> None:
    page = await ListSource([item_id, item_id + "z"]).page(None, 1)
    assert page.next_cursor is not None
    assert json.loads(page.next_cursor) == item_id
