"""Whether the driver had to ask Postgres what a type is, as it does on each new connection for
every array type but ``text[]`` (``app.connections.arrays``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from asyncpg.introspection import INTRO_LOOKUP_TYPES
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import Pool

_JIT = "set_config('jit'"
"""In the driver's own statements before a lookup and after it."""


@dataclass
class TypeLookup:
    """``types`` by their numbers in Postgres; ``statement`` is what needed them. ``raw``: it went
    to the driver past SQLAlchemy (``fetch_raw``), and is known once it has been answered."""

    types: tuple[int, ...]
    statement: str
    raw: bool


@dataclass
class TypeLookups:
    """Of all connections that SQLAlchemy opens in this process while ``heard`` is entered."""

    found: list[TypeLookup] = field(default_factory=list)
    _statements: WeakKeyDictionary[object, str] = field(default_factory=WeakKeyDictionary)
    """SQLAlchemy's, of connections on which one is under way."""

    @contextmanager
    def heard(self) -> Iterator[None]:
        self._events(event.listen)
        try:
            yield
        finally:
            self._events(event.remove)

    def _events(self, change: Callable[..., None]) -> None:
        change(Pool, "connect", self._connected)
        change(Pool, "checkin", self._returned)
        change(Engine, "before_cursor_execute", self._asked)
        change(Engine, "after_cursor_execute", self._answered)

    def _connected(self, connection: Any, _record: object) -> None:  # SQLAlchemy's own
        driver = connection.driver_connection
        unnamed: list[TypeLookup] = []

        def told(query: Any) -> None:  # asyncpg's LoggedQuery
            if query.query == INTRO_LOOKUP_TYPES:
                [types] = query.args
                statement = self._statements.get(driver)
                found = TypeLookup(tuple(types), statement or "", raw=statement is None)
                self.found.append(found)
                if found.raw:
                    unnamed.append(found)
            elif _JIT not in query.query:
                for one in unnamed:
                    one.statement = query.query
                unnamed.clear()

        driver.add_query_logger(told)

    def _asked(self, connection: Any, _cursor: object, statement: str, *_more: object) -> None:
        self._statements[connection.connection.driver_connection] = statement

    def _answered(self, connection: Any, *_more: object) -> None:
        self._statements.pop(connection.connection.driver_connection, None)

    def _returned(self, connection: Any, _record: object) -> None:
        """Also after a statement that failed, which nobody calls answered."""
        if connection is not None:
            self._statements.pop(connection.driver_connection, None)
