"""Whether anything of a database but its rows has been changed since it was copied.

Every catalogue of Postgres is looked at, whatever it is of. A copy of a database has the very rows
of its catalogues, numbers and all, so only those need be read that were written since. That takes
some 3 ms; to read all, 30.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

import asyncpg

_NAMES = """
SELECT relname FROM pg_class
WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r' AND NOT relisshared
  AND relname NOT IN ('pg_statistic', 'pg_statistic_ext_data')
  AND has_table_privilege(oid, 'SELECT')
"""
"""Without what ``ANALYZE`` writes, and without what only a superuser may read."""

_PASSING: Mapping[str, str] = {
    "pg_class": "relfilenode,relpages,reltuples,relallvisible,relallfrozen,relfrozenxid,relminmxid,"
    "relhasindex,relhasrules,relhastriggers,relhassubclass",
    "pg_index": "indcheckxmin",
}
"""Columns that ``TRUNCATE``, ``VACUUM`` and ``ANALYZE`` write, and what stays true of a table until
then when its last index, rule, trigger or partition has gone."""

_PUT_UP: Mapping[str, str] = {"pg_namespace": "nspname !~ '^pg_(toast_)?temp_'"}
"""What is not made for a session's temporary tables, and left for the next session's."""

_AROUND = """
SELECT (to_jsonb(d) - '{datfrozenxid,datminmxid,oid,datname}'::text[])::text FROM pg_database d
WHERE datname = current_database()
UNION ALL
SELECT concat_ws(' ', 'set', setrole, setconfig) FROM pg_db_role_setting
WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
UNION ALL
SELECT concat_ws(' ', 'subscription', subname) FROM pg_subscription
WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
"""What the server's common catalogues say of a database."""


@dataclass(frozen=True)
class Catalogue:
    """Of a template, as it was when the last of it had been written."""

    _since: str  # the number of a transaction after all of the template's
    _numbers: Mapping[str, int]
    _rows: frozenset[str]
    _around: frozenset[str]
    _changes: str

    @classmethod
    async def of(cls, template: asyncpg.Connection, since: str) -> Self:
        """``since``: as ``now`` told before it was made."""
        names = [row[0] for row in await template.fetch(_NAMES)]
        changes = " UNION ALL ".join(_change(name) for name in names)
        found = await template.fetch(changes, since)
        rows = await _written(template, [row[0] for row in found if row[2]], since)
        return cls(
            await now(template),
            {row[0]: row[1] for row in found},
            frozenset(rows),
            await _around(template),
            changes,
        )

    async def is_of(self, copy: asyncpg.Connection) -> bool:
        """Whether all is there that was copied, as it was, and nothing more.

        What was dropped and made anew is another one, even if it has the same name.
        """
        found = await copy.fetch(self._changes, self._since)
        if {row[0]: row[1] for row in found} != self._numbers:
            return False
        if not await _written(copy, [row[0] for row in found if row[2]], self._since) <= self._rows:
            return False
        return await _around(copy) == self._around


async def now(connection: asyncpg.Connection) -> str:
    """The number of a transaction after all that have begun on this server."""
    return str(await connection.fetchval("SELECT pg_current_xact_id()::xid"))


def _change(name: str) -> str:
    """How many rows there are in a catalogue, and how many of them were written since."""
    return (
        f"SELECT '{name}', count(*), count(*) FILTER (WHERE {_NEWER})"  # noqa: S608 - the catalogue's own name
        f" FROM pg_catalog.{name} t WHERE {_PUT_UP.get(name, 'true')}"
    )


_NEWER = "age(t.xmin) < (SELECT age($1::text::xid))"


async def _written(
    connection: asyncpg.Connection, names: Iterable[str], since: str
) -> frozenset[str]:
    """The rows of catalogues that were written since."""
    found: set[str] = set()
    for name in names:
        passing = _PASSING.get(name)
        row = f"(to_jsonb(t) - '{{{passing}}}'::text[])::text" if passing else "t::text"
        query = (
            f"SELECT {row} FROM pg_catalog.{name} t"  # noqa: S608 - the catalogue's own name
            f" WHERE {_NEWER} AND {_PUT_UP.get(name, 'true')}"
        )
        found.update(f"{name} {one[0]}" for one in await connection.fetch(query, since))
    return frozenset(found)


async def _around(connection: asyncpg.Connection) -> frozenset[str]:
    return frozenset(row[0] for row in await connection.fetch(_AROUND))
