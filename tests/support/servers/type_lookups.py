"""Whether the driver had to ask Postgres what a type is, as it does on each new connection for
every array type but ``text[]`` (``app.connections.arrays``)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from asyncpg.introspection import INTRO_LOOKUP_TYPES
from sqlalchemy import event
from sqlalchemy.engine import Engine
from sqlalchemy.pool import Pool


@dataclass(frozen=True)
class TypeLookup:
    """``types`` by their numbers in Postgres; ``statement`` is what needed them."""

    types: tuple[int, ...]
    statement: str


@dataclass
class TypeLookups:
    """Of all connections that SQLAlchemy opens in this process while ``heard`` is entered."""

    found: list[TypeLookup] = field(default_factory=list)
    _statements: WeakKeyDictionary[object, str] = field(default_factory=WeakKeyDictionary)

    @contextmanager
    def heard(self) -> Iterator[None]:
        event.listen(Pool, "connect", self._connected)
        event.listen(Engine, "before_cursor_execute", self._asked)
        try:
            yield
        finally:
            event.remove(Pool, "connect", self._connected)
            event.remove(Engine, "before_cursor_execute", self._asked)

    def _connected(self, connection: Any, _record: object) -> None:  # SQLAlchemy's own
        driver = connection.driver_connection

        def told(query: Any) -> None:  # asyncpg's LoggedQuery
            if query.query == INTRO_LOOKUP_TYPES:
                [types] = query.args
                self.found.append(TypeLookup(tuple(types), self._statements.get(driver, "")))

        driver.add_query_logger(told)

    def _asked(self, connection: Any, _cursor: object, statement: str, *_more: object) -> None:
        self._statements[connection.connection.driver_connection] = statement
