"""Whether pages come from an index is asked of Postgres, which reads nothing for it."""

from __future__ import annotations

from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import Column, Integer, MetaData, Select, Table, Text, event, func, text
from sqlalchemy import select as chosen
from sqlalchemy.ext.asyncio import AsyncEngine

from app.workflows.checks.findings import Rule
from app.workflows.sources.page_plan import sorted_by_index
from app.workflows.sources.sql_source import SqlSource
from tests.support.users import make_users_table
from tests.unit.checks.family_package import ELIGIBLE, family, written

METADATA = MetaData()
ORDERS = Table(
    "planned_order",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("customer", Text, index=True),
    Column("note", Text),
    Column("open", Integer),
)
LINES = Table(
    "planned_line", METADATA, Column("id", Integer, primary_key=True), Column("order", Integer)
)
BOTH = ORDERS.join(LINES, LINES.c.order == ORDERS.c.id)
NUMBER = ORDERS.c.customer + ":" + ORDERS.c.note

BY_INDEX: dict[str, Select[tuple[object]]] = {
    "a primary key": chosen(ORDERS.c.id),
    "under a condition": chosen(ORDERS.c.id).where(ORDERS.c.open == 1),
    "an index of another column": chosen(ORDERS.c.customer),
    "a join": chosen(ORDERS.c.id).select_from(BOTH),
    "an index of an expression": chosen(NUMBER),
    "a subquery in the condition": chosen(ORDERS.c.id).where(
        ORDERS.c.id.in_(chosen(LINES.c.order).where(LINES.c.id > 3))
    ),
    "each group once": chosen(ORDERS.c.customer).group_by(ORDERS.c.customer),
}
SORTED: dict[str, Select[tuple[object]]] = {
    "a column without an index": chosen(ORDERS.c.note),
    "an expression without an index": chosen(func.lower(ORDERS.c.customer)),
    "a column without an index, of a join": chosen(ORDERS.c.note).select_from(BOTH),
}


@pytest_asyncio.fixture
async def database(database: AsyncEngine) -> AsyncEngine:
    async with database.begin() as tx:
        await tx.run_sync(METADATA.create_all)
        await tx.execute(text("CREATE INDEX ON planned_order ((customer || ':' || note))"))
    return database


@pytest.mark.parametrize("rows", [0, 5_000])
async def test_it_is_told_whatever_the_number_of_rows(database: AsyncEngine, rows: int) -> None:
    async with database.begin() as tx:
        await tx.execute(
            text(
                "INSERT INTO planned_order SELECT n, 'c' || n % 50, 'n' || n, n % 2"
                " FROM generate_series(1, :rows) AS n"
            ),
            {"rows": rows},
        )
        await tx.execute(text("ANALYZE planned_order"))
    for statements, expected in ((BY_INDEX, True), (SORTED, False)):
        for name, statement in statements.items():
            assert await sorted_by_index(SqlSource(database, statement)) is expected, name


async def test_nothing_is_asked_but_the_plan(database: AsyncEngine) -> None:
    said: list[str] = []

    @event.listens_for(database.sync_engine, "before_cursor_execute")
    def _heard(_c: object, _cursor: object, statement: str, *_more: object) -> None:
        said.append(statement)

    await sorted_by_index(SqlSource(database, BY_INDEX["under a condition"]))
    assert {line.split()[0] for line in said} == {"SET", "EXPLAIN"}
    assert sum(line.startswith("EXPLAIN (FORMAT JSON) SELECT") for line in said) == 1


async def test_a_family_whose_pages_sort_is_told_and_one_by_its_key_is_not(
    database: AsyncEngine, database_url: str, tmp_path: Path
) -> None:
    await make_users_table(database_url)
    names = family(eligible=ELIGIBLE.replace("User.id", "User.name"))
    wave = family().replace('"greet"', '"wave"')
    with written(tmp_path, greet=names, wave=wave) as package:
        greeting, waving = await package.checked(database=database)
        rules = [one.rule for one in greeting.found]
        assert sorted(rules) == [Rule.IDS_NOT_UNIQUE, Rule.IDS_WITHOUT_INDEX]
        assert (waving.found, waving.skipped) == ([], [])


async def test_a_table_that_is_not_there_is_no_fault(database: AsyncEngine, tmp_path: Path) -> None:
    nowhere = ELIGIBLE.replace("User.id", 'column("id")).select_from(table("not_there")')
    head = "from sqlalchemy import column, table\n"
    with written(tmp_path, greet=family(head=head, eligible=nowhere)) as package:
        (checked,) = await package.checked(database=database)
        assert checked.found == []
        (skipped,) = checked.skipped
        assert skipped.rule is Rule.IDS_WITHOUT_INDEX
        assert 'relation "not_there" does not exist' in skipped.reason
