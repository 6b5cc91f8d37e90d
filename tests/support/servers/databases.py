"""A database for each test: copied from a migrated template, and emptied for the next test.

A copy takes some hundred milliseconds, and emptying one a twentieth of that: the connection that
does it is kept. What a test has made beside the template's tables is dropped. A database that is
not what it was even then (``Catalogue``), or has lost rows that the migrations wrote, is dropped
and not used again.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

import asyncpg

from app.declared_tables import application_tables, service_tables
from app.migrate import migrate, with_database
from app.store.database import open_database
from tests.support.servers.catalogue import Catalogue, now
from tests.support.servers.kept_pools import KeptPools
from tests.support.users import make_users_table

_TABLES = """
SELECT format('%I.%I', nspname, relname), pg_relation_size(pg_class.oid)
FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
WHERE relkind = 'r' AND nspname !~ '^pg_' AND nspname <> 'information_schema'
  AND pg_relation_size(pg_class.oid) > 0 ORDER BY 1
"""
"""Those that hold anything, or held it, and their bytes."""

_SMALL = 128 * 1024
"""Bytes up to which rows are deleted. To truncate makes new files, which takes ten times as long,
but leaves nothing behind that others would have to step over."""

_RESTART = """
SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence
WHERE pg_sequence_last_value(seqrelid) IS NOT NULL
"""

_OBJECTS = """
SELECT 'EXTENSION', quote_ident(extname) FROM pg_extension
UNION ALL
SELECT 'SCHEMA', quote_ident(nspname) FROM pg_namespace WHERE nspname !~ '^pg_'
UNION ALL
SELECT kind, format('%I.%I', nspname, relname)
FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
JOIN (VALUES ('m', 'MATERIALIZED VIEW'), ('v', 'VIEW'), ('p', 'TABLE'), ('r', 'TABLE'),
    ('S', 'SEQUENCE')) AS kinds (short, kind) ON short = relkind::text
WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'
UNION ALL
SELECT 'ROUTINE', oid::regprocedure::text FROM pg_proc WHERE oid >= 16384
UNION ALL
SELECT 'TYPE', oid::regtype::text FROM pg_type WHERE oid >= 16384 AND typtype IN ('d', 'e', 'r')
UNION ALL
SELECT 'COLLATION', format('%I.%I', nspname, collname)
FROM pg_collation c JOIN pg_namespace n ON n.oid = collnamespace WHERE c.oid >= 16384
"""
"""What ``DROP`` takes: kinds, and names in SQL."""

_ALONE = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND pid <> ALL($1::text[]::int[])
"""

_LOCKED = "5s"

POOL_SIZE = 4
"""Of the services whose pools are kept for the next test."""


@dataclass
class _Copy:
    dsn: str
    connection: asyncpg.Connection | None = None
    """By which it was emptied last."""
    kept: KeptPools = field(init=False)

    def __post_init__(self) -> None:
        self.kept = KeptPools(self.dsn, POOL_SIZE)

    async def connected(self) -> asyncpg.Connection:
        """
        Raises:
            asyncpg.PostgresError: a test took the database away, or lets nobody in.
        """
        if self.connection is None or self.connection.is_closed():
            # What a process that nobody ended keeps locked is not waited for.
            own = {"lock_timeout": _LOCKED}
            self.connection = await asyncpg.connect(self.dsn, server_settings=own)
        return self.connection


@dataclass(frozen=True)
class Database:
    dsn: str
    kept: KeptPools


@dataclass
class Databases:
    """Of one server. Made by ``Databases.of``."""

    _admin: asyncpg.Connection
    _dsn: str
    _template: str
    _kept: dict[str, str]  # tables in which the migrations wrote rows, and what they wrote
    _catalogue: Catalogue
    _objects: frozenset[tuple[str, str]]
    _free: list[_Copy] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    @classmethod
    @asynccontextmanager
    async def of(cls, dsn: str) -> AsyncIterator[Self]:
        """Over the server of ``dsn``. What is left is dropped at the end."""
        admin = await asyncpg.connect(dsn)
        name, since = f"sluice_template_{os.getpid()}", await now(admin)
        await admin.execute(f'CREATE DATABASE "{name}"')
        template = with_database(dsn, name)
        await _make_application_tables(template)
        await migrate(template)
        await make_users_table(template)
        connection = await asyncpg.connect(template)
        kept = {table: await _rows(connection, table) for table, _ in await _filled(connection)}
        catalogue = await Catalogue.of(connection, since)
        objects = await _objects(connection)
        await connection.close()
        made = cls(admin, dsn, name, kept, catalogue, frozenset(objects))
        yield made
        for one in [*made._free, _Copy(template)]:
            await made._drop(one)
        await admin.close()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Database]:
        """One that has every table, and nothing in them but what the migrations wrote."""
        copy = self._free.pop() if self._free else await self._copy()
        yield Database(copy.dsn, copy.kept)
        if await self._emptied(copy):
            self._free.append(copy)
        else:
            await self._drop(copy)

    async def _copy(self) -> _Copy:
        name = f"sluice_test_{os.getpid()}_{next(self._numbers)}"
        await self._admin.execute(
            f'CREATE DATABASE "{name}" TEMPLATE "{self._template}" STRATEGY FILE_COPY'
        )
        return _Copy(with_database(self._dsn, name))

    async def _emptied(self, copy: _Copy) -> bool:
        """Whether it is as it was copied. Whatever keeps it from that is a reason to throw it away,
        and none for a test to fail."""
        try:
            spared = copy.kept.pids if await copy.kept.at_rest() else ()
            connection = await copy.connected()
            await connection.execute(_ALONE, [str(pid) for pid in spared])
            return await self._restored(copy, connection) and await self._cleared(connection)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            return False

    async def _restored(self, copy: _Copy, connection: asyncpg.Connection) -> bool:
        """Whether it is the template but for its rows, without what the test made beside that."""
        if await self._catalogue.is_of(connection):
            return True
        more = [one for one in await _objects(connection) if one not in self._objects]
        if not more:
            return False
        await copy.kept.aclose()  # they may have prepared statements over what goes
        for kind, name in more:
            await connection.execute(f"DROP {kind} IF EXISTS {name} CASCADE")
        return await self._catalogue.is_of(connection)

    async def _cleared(self, connection: asyncpg.Connection) -> bool:
        """Whether it has the template's rows, without all others."""
        used = [(t, size) for t, size in await _filled(connection) if t not in self._kept]
        small = [table for table, size in used if size <= _SMALL]
        large = [table for table, size in used if size > _SMALL]
        if small:  # in one statement, so that no row is missed by another one that refers to it
            deletes = ", ".join(f"d{n} AS (DELETE FROM {table})" for n, table in enumerate(small))  # noqa: S608 - the catalogue's own quoted names
            await connection.execute(f"WITH {deletes} SELECT 1")
        if large:
            await connection.execute(f"TRUNCATE {', '.join(large)} CASCADE")
        await connection.execute(_RESTART)
        return all([await _rows(connection, t) == rows for t, rows in self._kept.items()])

    async def _drop(self, copy: _Copy) -> None:
        await copy.kept.aclose()
        if copy.connection is not None:
            copy.connection.terminate()
        name = copy.dsn.partition("?")[0].rpartition("/")[2]
        await self._admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


async def _make_application_tables(dsn: str) -> None:
    """What a service's models declare as the application's, which no migration makes."""
    database = open_database(dsn, pool_size=1)
    async with database.begin() as tx:
        await tx.run_sync(service_tables().create_all, application_tables())
    await database.dispose()


async def _filled(connection: asyncpg.Connection) -> list[tuple[str, int]]:
    return [(row[0], row[1]) for row in await connection.fetch(_TABLES)]


async def _objects(connection: asyncpg.Connection) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in await connection.fetch(_OBJECTS)]


async def _rows(connection: asyncpg.Connection, table: str) -> str:
    return str(await connection.fetchval(f"SELECT json_agg(t ORDER BY t::text) FROM {table} t"))  # noqa: S608 - the catalogue's own quoted name
