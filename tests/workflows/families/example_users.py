"""Rows of the example families' table ``user``, which goes with them."""

from __future__ import annotations

from tests.support.service import Sluice


async def add_users(sluice: Sluice, number: int) -> list[str]:
    """Users with the ids ``u00001`` and so on, every tenth of whom pays."""
    ids = [f"u{n:05}" for n in range(1, number + 1)]
    await sluice.sql(
        'INSERT INTO "user" (id, email, name, locale, interests, active, paid)'
        " SELECT id, id || '@example.com', 'Name of ' || id, 'en-US', '{tea}', true,"
        " right(id, 1) = '0' FROM unnest(CAST(:ids AS text[])) AS t(id)",
        ids=ids,
    )
    return ids
