"""Arrays reach Postgres as texts, and moments as numbers, and are there what they were here."""

from __future__ import annotations

import random
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

import app
from app.connections.arrays import moment
from app.connections.driver import fetch_raw
from app.store.database import open_database, reading
from app.workflows.attempts.attempt_result import unix_us

PARAMETER = re.compile(r"(?:\$\w+\}?::|[(\s]:\w+ AS )(?P<type>[\w ]+)\[\]")


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("bigint", [0, -1, 2**63 - 1, None]),
        ("bool", [True, False, None]),
        ("float8", [0.1, -2.5e-300, 1e300, float("inf"), None]),
        ("uuid", [UUID(int=1), UUID(int=2**128 - 1)]),
        ("bytea", [b"", b"\x00\xff\\x", None]),
        ("text", ["", "it's {a,b}", 'NULL "\\"', None]),
        (
            "timestamptz",
            [datetime(2026, 11, 29, 1, 2, 3, 456789, UTC), datetime(1, 1, 1, tzinfo=UTC), None],
        ),
        (
            "interval",
            [
                timedelta(0),
                timedelta(microseconds=-1),
                timedelta(days=-9, hours=5),
                None,
                timedelta(days=40000, seconds=86399, microseconds=999999),
            ],
        ),
        ("int", [None, None]),
        ("int", []),
    ],
)
async def test_every_value_comes_back_as_it_was_sent(
    database_url: str, kind: str, values: list[object]
) -> None:
    database = open_database(database_url, pool_size=1)
    query = f"SELECT v FROM unnest($1::text[]::{kind}[]) WITH ORDINALITY AS t(v, n) ORDER BY n"  # noqa: S608
    async with reading(database) as connection:
        rows = await fetch_raw(connection, query, values)
    await database.dispose()
    assert [row[0] for row in rows] == values


def test_no_statement_has_an_array_parameter_that_the_driver_would_have_to_look_up() -> None:
    """The driver knows one array type, ``text[]``; any other costs each new connection some 40 ms
    of Postgres."""
    folder = Path(app.__file__).parent
    found = [
        f"{path.relative_to(folder)}: {match[0]}"
        for path in folder.rglob("*.py")
        for match in PARAMETER.finditer(path.read_text())
        if match["type"] != "text"
    ]
    assert not found


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CENTURY = 100 * 365 * 86_400 * 1_000_000


async def test_every_microsecond_is_its_own_moment(database: AsyncEngine) -> None:
    chance = random.Random(7)  # noqa: S311 - no secret
    now = unix_us()
    numbers = [0, 1, 999_999, *(now + n for n in range(1_000))]
    numbers += [chance.randrange(2 * _CENTURY) for _ in range(20_000)]
    query = f"SELECT {moment('n')} FROM unnest(CAST($1::text[] AS bigint[])) AS n"  # noqa: S608 - ours
    async with database.connect() as connection:
        found = [row[0] for row in await fetch_raw(connection, query, numbers)]
    assert found == [_EPOCH + timedelta(microseconds=n) for n in numbers]


def test_it_is_now() -> None:
    before = time.time()
    assert before - 0.001 <= unix_us() / 1e6 <= time.time() + 0.001
