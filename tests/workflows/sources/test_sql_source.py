"""What ``eligible`` may say: kept from the count to the last page, or refused by the count."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Callable
from contextlib import aclosing
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    CHAR,
    Column,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Text,
    TypeDecorator,
    cast,
    column,
    func,
    insert,
    literal,
    literal_column,
    select,
    tablesample,
    text,
    union,
    union_all,
)
from sqlalchemy import table as named
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncEngine

from app.workflows.contract.exceptions import Fatal
from app.workflows.contract.parts.page import Page
from app.workflows.keys import MAX_ITEM_ID
from app.workflows.sources.errors import SourceMisused
from app.workflows.sources.item_source import pages_of
from app.workflows.sources.sql_source import SqlSource

METADATA = MetaData()
ORDERS = Table(
    "orders",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("customer", Integer),  # of several orders, or of none
    Column("name", Text),
)
SIZES = (1, 2, 3, 7, 50)


@pytest_asyncio.fixture
async def database(database: AsyncEngine) -> AsyncEngine:
    async with database.begin() as tx:
        await tx.run_sync(METADATA.create_all)
    return database


@pytest_asyncio.fixture
async def orders(database: AsyncEngine) -> AsyncEngine:
    """Twelve, each of one of five customers."""
    async with database.begin() as tx:
        rows = [{"id": n, "customer": 9 + n % 5, "name": f"o{n}"} for n in range(1, 13)]
        await tx.execute(insert(ORDERS), rows)
    return database


async def all_ids(source: SqlSource, size: int) -> list[str]:
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = await source.page(cursor, size)
        found += page.ids
        if page.next_cursor is None:
            return found
        cursor = page.next_cursor


async def agree(database: AsyncEngine, statement: Any) -> list[str]:
    """What is paged, however large the pages; the count says as many."""
    source = SqlSource(database, statement)
    number = await source.count()
    first, *others = [await all_ids(source, size) for size in SIZES]
    assert [first] * len(others) == others
    assert len(first) == number
    return first


async def refused(database: AsyncEngine, statement: Any) -> str:
    """By the count, with which every dry run and every run begins."""
    with pytest.raises(SourceMisused) as error:
        await SqlSource(database, statement).count()
    assert isinstance(error.value, Fatal)  # the run fails at once
    return error.value.detail


KEPT: dict[str, tuple[Any, list[str]]] = {
    "by the id": (select(ORDERS.c.id).order_by(ORDERS.c.id), [str(n) for n in range(1, 13)]),
    "by the id, said": (
        select(ORDERS.c.id).where(ORDERS.c.id < 3).order_by(ORDERS.c.id.asc()),
        ["1", "2"],
    ),
    "distinct": (select(ORDERS.c.customer).distinct(), ["9", "10", "11", "12", "13"]),
    "one that stands several times": (
        select(ORDERS.c.customer),
        ["9", "10", "11", "12", "13"],
    ),
    "grouped": (
        select(ORDERS.c.customer).group_by(ORDERS.c.customer).having(func.count() > 2),
        ["10", "11"],
    ),
    "the newest of each": (
        select(ORDERS.c.id)
        .ext(distinct_on(ORDERS.c.customer))
        .order_by(ORDERS.c.customer, ORDERS.c.id.desc()),
        ["8", "9", "10", "11", "12"],
    ),
    "a union": (
        union(
            select(ORDERS.c.id).where(ORDERS.c.id < 3),
            select(ORDERS.c.id).where(ORDERS.c.id < 4),
        ),
        ["1", "2", "3"],
    ),
    "a union of all": (
        union_all(
            select(ORDERS.c.id).where(ORDERS.c.id < 3),
            select(ORDERS.c.id).where(ORDERS.c.id < 4),
        ),
        ["1", "2", "3"],
    ),
    "a common table expression": (
        select(select(ORDERS.c.id).where(ORDERS.c.id > 10).cte("late").c.id),
        ["11", "12"],
    ),
}


@pytest.mark.parametrize("name", KEPT)
async def test_what_eligible_says_is_kept_on_every_page(orders: AsyncEngine, name: str) -> None:
    statement, expected = KEPT[name]
    assert await agree(orders, statement) == expected


REFUSED: dict[str, tuple[Any, str]] = {
    "newest first": (select(ORDERS.c.id).order_by(ORDERS.c.id.desc()), "has an ORDER BY"),
    "by another column": (select(ORDERS.c.id).order_by(ORDERS.c.name), "has an ORDER BY"),
    "a union with an order": (
        union(select(ORDERS.c.id), select(ORDERS.c.customer)).order_by(text("1 DESC")),
        "has an ORDER BY",
    ),
    "the newest ten": (
        select(ORDERS.c.id).order_by(ORDERS.c.id.desc()).limit(10),
        "give the run a limit",
    ),
    "all but five": (select(ORDERS.c.id).offset(5), "LIMIT or OFFSET"),
    "the first rows": (select(ORDERS.c.id).fetch(5), "LIMIT or OFFSET"),
    "a union with a limit": (
        union(select(ORDERS.c.id), select(ORDERS.c.customer)).limit(3),
        "LIMIT or OFFSET",
    ),
    "locked": (select(ORDERS.c.id).with_for_update(skip_locked=True), "FOR UPDATE"),
    "a sample": (select(tablesample(ORDERS, func.bernoulli(50)).c.id), "at random"),
    "one in ten": (select(ORDERS.c.id).where(func.random() < 0.1), "at random"),
    "three columns": (select(ORDERS.c.id, ORDERS.c.name, ORDERS.c.id), "It selects 3"),
    "SQL as text": (text("SELECT id FROM orders LIMIT 5"), "must answer a select"),
    "columns of a text": (
        text("SELECT id FROM orders LIMIT 5").columns(column("id", Integer)),
        "must answer a select",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_would_not_be_kept_is_refused_by_the_count(
    orders: AsyncEngine, name: str
) -> None:
    statement, sentence = REFUSED[name]
    assert sentence in await refused(orders, statement)


async def test_an_id_that_is_null_is_refused_wherever_it_stands(orders: AsyncEngine) -> None:
    async with orders.begin() as tx:
        await tx.execute(insert(ORDERS), [{"id": 20}, {"id": 21}])
    sentence = await refused(orders, select(ORDERS.c.customer))
    assert "NULL" in sentence
    assert "is_not(None)" in sentence
    with pytest.raises(SourceMisused, match="NULL"):
        await SqlSource(orders, select(ORDERS.c.customer)).page(None, 50)
    without = select(ORDERS.c.customer).where(ORDERS.c.customer.is_not(None))
    assert await agree(orders, without) == ["9", "10", "11", "12", "13"]


@pytest.mark.parametrize("item_id", ["", "x" * (MAX_ITEM_ID + 1)])
async def test_a_text_that_cannot_be_an_id_is_refused_wherever_it_stands(
    orders: AsyncEngine, item_id: str
) -> None:
    async with orders.begin() as tx:
        await tx.execute(insert(ORDERS), [{"id": 20, "name": item_id}])
    assert "1 to 200 characters" in await refused(orders, select(ORDERS.c.name))


class Mood(enum.Enum):
    GLAD = "glad"


TYPES: dict[str, tuple[str, list[str], bool]] = {
    # type, values as Postgres reads them, whether their order is that of the list
    "text": ("text", ["'B'", "'a'", "'c d'"], False),
    "varchar": ("varchar(9)", ["'u1'", "'u10'", "'u2'"], True),
    "char": ("char(3)", ["'abc'", "'abd'", "'abe'"], True),
    "name": ("name", ["'a'", "'b'", "'c'"], True),
    "smallint": ("smallint", ["-2", "9", "10"], True),
    "int": ("integer", ["-2", "9", "10"], True),
    "bigint": ("bigint", ["9", "10", "9007199254740993"], True),
    "uuid": (
        "uuid",
        [f"'{n}0000000-0000-4000-8000-000000000000'" for n in (1, 2, 3)],
        True,
    ),
}
DECLARED: dict[str, Callable[[str], Any]] = {
    "untyped": lambda _: None,
    "as a text, which it need not be": lambda _: String(),
    "as a number, which it need not be": lambda _: Integer(),
}


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("declared", DECLARED)
async def test_text_numbers_and_uuids_are_paged_however_the_model_declares_them(
    database: AsyncEngine, kind: str, declared: str
) -> None:
    of_type, values, ordered = TYPES[kind]
    async with database.begin() as tx:
        await tx.execute(text(f"CREATE TABLE kinds (id {of_type} PRIMARY KEY)"))
        await tx.execute(text(f"INSERT INTO kinds VALUES ({'), ('.join(reversed(values))})"))  # noqa: S608 - ours
    kinds = named("kinds", column("id", DECLARED[declared](kind)))
    found = await agree(database, select(kinds.c.id))
    expected = [value.strip("'") for value in values]
    assert (found if ordered else sorted(found)) == (expected if ordered else sorted(expected))


OTHERS = {
    "date": "'2026-01-02'",
    "timestamp with time zone": "'2026-01-02T03:04:05Z'",
    "bytea": "'\\x0102'",
    "numeric": "1.50",
    "double precision": "1.5",
    "inet": "'10.0.0.1'",
    "boolean": "true",
    "json": "'{}'",
    "jsonb": "'{}'",
    "integer[]": "'{1}'",
    "mood": "'glad'",
}


@pytest.mark.parametrize("of_type", OTHERS)
async def test_an_id_of_another_type_is_refused_by_name_and_can_be_cast(
    database: AsyncEngine, of_type: str
) -> None:
    async with database.begin() as tx:
        await tx.execute(text("CREATE TYPE mood AS ENUM ('glad')"))
        await tx.execute(text(f"CREATE TABLE others (id {of_type})"))
        await tx.execute(text(f"INSERT INTO others VALUES ({OTHERS[of_type]})"))  # noqa: S608 - ours
    others = named("others", column("id"))
    sentence = await refused(database, select(others.c.id))
    assert f"of the type {of_type}." in sentence
    assert "cast(column, Text)" in sentence
    assert len(await agree(database, select(cast(others.c.id, Text)))) == 1


CODES = Table("codes", METADATA, Column("id", Text(collation="C"), primary_key=True))
CODE = CODES.c.id
BETWEEN = {
    "two values": CODE.between("b", "d"),
    "neither way": CODE.between("d", "b", symmetric=True),
    "not": ~CODE.between("A", "a"),
    "a value with its collation": CODE.between(literal("b").collate("C"), "d"),
    "a value that is cast": CODE.between(cast("b", CODE.type), cast("d", CODE.type)),
    "a column of a collation": CODE.collate("C").between("b", "d"),
    "two columns": literal("b", CODE.type).between("a", CODE),
    "two conditions": (CODE + "x").between("b", "dz") & (CODE > "a"),
}


@pytest.mark.parametrize("name", BETWEEN)
async def test_between_takes_ids_of_a_collation(database: AsyncEngine, name: str) -> None:
    async with database.begin() as tx:
        await tx.execute(insert(CODES), [{"id": code} for code in ("a", "b", "c", "d")])
    assert await agree(database, select(CODE).where(BETWEEN[name])) == ["b", "c", "d"]


async def test_citext_is_paged_in_its_own_order(database: AsyncEngine) -> None:
    async with database.begin() as tx:
        available = await tx.scalar(
            text("SELECT count(*) FROM pg_available_extensions WHERE name = 'citext'")
        )
        if not available:
            pytest.skip("this Postgres comes without citext")
        await tx.execute(text("CREATE EXTENSION citext"))
        await tx.execute(text("CREATE TABLE mails (id citext PRIMARY KEY)"))
        await tx.execute(text("INSERT INTO mails VALUES ('a@x'), ('B@x'), ('c@x'), ('D@x')"))
    mails = named("mails", column("id"))
    assert await agree(database, select(mails.c.id)) == ["a@x", "B@x", "c@x", "D@x"]


async def test_an_id_that_its_type_fills_up_with_blanks_is_refused(database: AsyncEngine) -> None:
    padded = Table("padded", MetaData(), Column("id", CHAR(8), primary_key=True))
    async with database.begin() as tx:
        await tx.run_sync(padded.create)
        await tx.execute(insert(padded), [{"id": "full_one"}, {"id": "short"}])
    assert "fills up with blanks" in await refused(database, select(padded.c.id))
    assert await agree(database, select(cast(padded.c.id, Text))) == ["full_one", "short"]


class Prefixed(TypeDecorator[str]):
    """Numbers in the database, ``ord_12`` everywhere else."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: object) -> int | None:
        return None if value is None else int(value.removeprefix("ord_"))

    def process_result_value(self, value: int | None, dialect: object) -> str | None:
        return None if value is None else f"ord_{value}"


async def test_ids_that_a_model_dresses_up_are_known_by_what_the_model_says(
    orders: AsyncEngine,
) -> None:
    dressed = Table("orders", MetaData(), Column("id", Prefixed))
    assert await agree(orders, select(dressed.c.id)) == [f"ord_{n}" for n in range(1, 13)]


async def test_a_page_behind_a_number_is_found_by_the_index(database: AsyncEngine) -> None:
    many = Table("many", MetaData(), Column("id", Integer, primary_key=True), Column("pad", Text))
    async with database.begin() as tx:
        await tx.run_sync(many.create)
        await tx.execute(text("INSERT INTO many SELECT n, 'x' FROM generate_series(1, 50000) n"))
        await tx.execute(text("ANALYZE many"))
        # As `page` asks: SELECT DISTINCT … WHERE id > $1 ORDER BY id LIMIT, without a cast.
        plan = (
            await tx.scalars(
                text(
                    "EXPLAIN SELECT DISTINCT one.id FROM (SELECT id FROM many WHERE pad = 'x') one"
                    " WHERE one.id > 40000 ORDER BY one.id LIMIT 51"
                )
            )
        ).all()
    assert "Index" in "\n".join(plan)
    page = await SqlSource(database, select(many.c.id)).page("40000", 3)
    assert page.ids == ["40001", "40002", "40003"]


def _statement(chosen: Any, above: int | None, grouped: bool, order: Any, most: int | None) -> Any:
    statement = select(chosen.label("it"))
    if above is not None:
        statement = statement.where(ORDERS.c.id > above)
    if grouped:
        statement = statement.distinct()
    if order is not None and not grouped:
        statement = statement.order_by(order)
    statement = statement.select_from(ORDERS)
    return statement if most is None else statement.limit(most)


few = settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
statements: st.SearchStrategy[Select[Any]] = st.builds(
    _statement,
    st.sampled_from([ORDERS.c.id, ORDERS.c.customer, ORDERS.c.name, literal_column("7")]),
    st.none() | st.integers(0, 13),
    st.booleans(),
    st.none() | st.sampled_from([ORDERS.c.id, ORDERS.c.customer.desc()]),
    st.none() | st.integers(1, 5),
)


@few
@given(statement=statements, size=st.integers(1, 9))
async def test_what_is_counted_is_what_is_paged_or_a_sentence_says_why_not(
    orders: AsyncEngine, statement: Any, size: int
) -> None:
    source = SqlSource(orders, statement)
    try:
        number = await source.count()
    except SourceMisused:
        return
    found = await all_ids(source, size)
    assert len(found) == len(set(found)) == number
    async with orders.connect() as connection:
        asked = {str(value) for value in await connection.scalars(statement)}
    assert set(found) == asked


class Noted(SqlSource):
    """``asked``: the cursor of each page that was asked for."""

    def __init__(self, database: AsyncEngine, statement: Select[Any]) -> None:
        super().__init__(database, statement)
        self.asked: list[str | None] = []

    async def page(self, cursor: str | None, size: int) -> Page:
        self.asked.append(cursor)
        return await super().page(cursor, size)


async def test_the_next_page_is_read_while_one_is_worked_on_and_no_other(
    orders: AsyncEngine,
) -> None:
    source = Noted(orders, select(ORDERS.c.id))
    async with aclosing(pages_of(source, 5)) as pages:
        first = await anext(pages)
        await asyncio.sleep(0)
        assert source.asked == [None, "5"]
        assert first.ids == ["1", "2", "3", "4", "5"]
    assert source.asked == [None, "5"]
    assert [page.ids async for page in pages_of(source, 5)][1:] == [
        ["6", "7", "8", "9", "10"],
        ["11", "12"],
    ]


async def test_a_page_that_was_read_ahead_fails_where_it_is_taken(orders: AsyncEngine) -> None:
    broken = select(ORDERS.c.id).where(literal(1) / (ORDERS.c.id - 7) < 2)
    pages = pages_of(SqlSource(orders, broken), 5)
    assert (await anext(pages)).ids == ["1", "2", "3", "4", "5"]
    with pytest.raises(Exception, match="division by zero"):
        await anext(pages)
    with pytest.raises(StopAsyncIteration):
        await anext(pages)
