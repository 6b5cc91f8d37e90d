"""Whether a page of ids comes from an index, as the planner of Postgres says. Nothing is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ClauseElement, Executable
from sqlalchemy.sql.compiler import SQLCompiler

from app.workflows.sources.sql_source import SqlSource

SIZE = 50
_SETTINGS = (
    "SET TRANSACTION READ ONLY",
    "SET LOCAL statement_timeout = '10s'",
    # Of a table that is empty, or small, a page is planned as it would be of a large one.
    "SET LOCAL enable_seqscan = off",
    "SET LOCAL enable_bitmapscan = off",
    "SET LOCAL enable_sort = off",
    "SET LOCAL enable_hashagg = off",
)
_INDEXES = frozenset({"Index Scan", "Index Only Scan"})

Node = Mapping[str, Any]  # of a plan, as Postgres writes it


class Explain(Executable, ClauseElement):
    """``EXPLAIN (FORMAT JSON)`` of a statement, with its parameters."""

    inherit_cache = False

    def __init__(self, statement: ClauseElement) -> None:
        self.statement = statement


@compiles(Explain)
def _explain(element: Explain, compiler: SQLCompiler, **options: Any) -> str:  # SQLAlchemy's own
    return f"EXPLAIN (FORMAT JSON) {compiler.process(element.statement, **options)}"


async def sorted_by_index(source: SqlSource) -> bool:
    """False: each page of it reads and sorts all that is eligible, whatever the number of rows.

    Raises:
        SourceMisused: its statement cannot be paged.
        SQLAlchemyError: Postgres cannot be asked, or refuses.
    """
    query = source.page_query(None, SIZE)
    async with source.database.connect() as connection:
        try:
            return gives_order(await _plan(connection, query))
        finally:
            await connection.rollback()


async def _plan(connection: AsyncConnection, query: ClauseElement) -> Node:
    for line in _SETTINGS:
        await connection.exec_driver_sql(line)
    told = (await connection.execute(Explain(query))).scalar_one()
    plan: Node = told[0]["Plan"]
    return plan


def gives_order(node: Node) -> bool:
    """Whether its rows come in order from an index, without all of them being read before."""
    kind = node["Node Type"]
    if kind in _INDEXES:
        return True
    if kind == "Sort" or node.get("Strategy") == "Hashed":
        return False
    inner = [one for one in node.get("Plans", ()) if _gives_rows(one)]
    if kind == "Merge Append":
        return all(map(gives_order, inner))
    return bool(inner) and gives_order(inner[0])


def _gives_rows(node: Node) -> bool:
    """The other side of a join, and a subquery of a condition, set no order."""
    return node.get("Parent Relationship") in ("Outer", "Member", "Subquery")
