"""Arrays reach Postgres as texts, and are there what they were here."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

import app
from app.connections.driver import fetch_raw
from app.store.database import open_database, reading

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
