"""Statements as Postgres takes them, where SQLAlchemy would write them otherwise."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects.postgresql.asyncpg import PGCompiler_asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine


class PostgresCompiler(PGCompiler_asyncpg):
    """Puts brackets around the bounds of BETWEEN: Postgres' grammar has no COLLATE in the lower one
    without them, and a value that is compared with a collated column comes with its COLLATE."""

    def visit_between_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return self._between("BETWEEN", binary, kw)

    def visit_not_between_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        return self._between("NOT BETWEEN", binary, kw)

    def _between(self, words: str, binary: Any, kw: dict[str, Any]) -> str:  # as SQLAlchemy's
        compared, low, high = (
            self.process(part, **kw) for part in (binary.left, *binary.right.clauses)
        )
        symmetric = " SYMMETRIC" if binary.modifiers.get("symmetric") else ""
        return f"{compared} {words}{symmetric} ({low}) AND ({high})"


def use_compiler(engine: AsyncEngine) -> None:
    engine.dialect.statement_compiler = PostgresCompiler
