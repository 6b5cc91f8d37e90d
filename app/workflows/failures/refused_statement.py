"""Statements of a family's own that Postgres refuses, and would refuse again."""

from __future__ import annotations

import asyncpg
from sqlalchemy.exc import CompileError, DBAPIError

from app.connections.faults import by_driver
from app.errors import full_stop
from app.store.storable import cut
from app.workflows.contract.exceptions import marked
from app.workflows.failures.error_text import sentence_of

LONGEST_STATEMENT = 600
"""Characters of it that are told."""
_LASTING = ("0A", "21", "22", "3F", "42", "54")
"""Classes of SQLSTATE: what Postgres cannot do, or finds too much; more rows than one; a value that
is none of its type; a schema, a table, a column, a right or a word that is not there."""
_PASSING = frozenset({"42P05", "42P03"})
"""A prepared statement or cursor that is there already: a mistake of the connection's."""


def refused_statement(error: BaseException) -> str | None:
    """What Postgres says, or SQLAlchemy before it was asked, and of which statement; None: it is
    something else, and another try may pass."""
    if isinstance(error, CompileError):
        return _sentences(error)
    told = by_driver(error)
    state = marked(told, "sqlstate") or marked(told, "pgcode")
    if not isinstance(state, str) or not state.startswith(_LASTING) or state in _PASSING:
        return None
    if isinstance(told, asyncpg.InvalidCachedStatementError):
        return None  # a table was changed meanwhile: prepared anew, the statement passes
    sentence = f"{_sentences(told)} (SQLSTATE {state})"
    statement = error.statement if isinstance(error, DBAPIError) else None
    if not statement:
        return sentence
    return f"{sentence} The statement: {cut(_on_one_line(statement), LONGEST_STATEMENT)}"


def _sentences(error: BaseException) -> str:
    """Postgres' own, its DETAIL and its HINT, which are lines."""
    return " ".join(full_stop(_on_one_line(line)) for line in sentence_of(error).splitlines())


def _on_one_line(text: str) -> str:
    return " ".join(text.split())
