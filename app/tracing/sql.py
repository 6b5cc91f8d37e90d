"""Statements of SQLAlchemy, where the part of a run is traced that sends them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine

from app.tracing.current import CURRENT, Call

_WORD = re.compile(r"\s*(?:/\*.*?\*/\s*|--[^\n]*\n\s*)*([A-Za-z]+)", re.DOTALL)
_CALL = "sluice_call"


def statement_call(statement: str) -> Call | None:
    """A span for a statement; None: it is not traced.

    Args:
        statement: with placeholders in the place of its values, of which none is told.
    """
    scope = CURRENT.get()
    if scope is None:
        return None
    found = _WORD.match(statement)
    word = "SQL" if found is None else found[1].upper()
    return scope.call(
        word,
        {
            "db.system.name": "postgresql",
            "db.operation.name": word,
            "db.query.text": statement.strip(),
        },
    )


@contextmanager
def traced_statements(engines: Iterable[AsyncEngine]) -> Iterator[None]:
    """Within, those of these engines are."""
    with ExitStack() as stack:
        for engine in set(engines):
            for name, listener in (
                ("before_cursor_execute", _begins),
                ("after_cursor_execute", _ends),
                ("handle_error", _fails),
            ):
                event.listen(engine.sync_engine, name, listener)
                stack.callback(event.remove, engine.sync_engine, name, listener)
        yield


def _begins(
    _connection: Connection,
    _cursor: object,
    statement: str,
    _parameters: object,
    context: Any,  # SQLAlchemy's own, of one execution
    _many: bool,
) -> None:
    if context is not None:
        setattr(context, _CALL, statement_call(statement))


def _ends(
    _connection: Connection,
    _cursor: object,
    _statement: str,
    _parameters: object,
    context: Any,  # as above
    _many: bool,
) -> None:
    call: Call | None = getattr(context, _CALL, None)
    if call is not None:
        call.end()


def _fails(told: ExceptionContext) -> None:
    call: Call | None = getattr(told.execution_context, _CALL, None)
    if call is not None:
        call.fail(told.original_exception)
