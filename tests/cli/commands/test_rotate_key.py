"""``sluice rotate-key``: another key for what is signed."""

from __future__ import annotations

import asyncpg

from tests.cli.command import Sluice


async def _key(migrated: str) -> tuple[str, str | None]:
    connection = await asyncpg.connect(migrated)
    try:
        row = await connection.fetchrow(
            "SELECT value, former FROM sluice.service_secret WHERE name = 'signing'"
        )
        assert row is not None
        return row["value"], row["former"]
    finally:
        await connection.close()


async def test_the_key_is_changed_and_the_former_one_kept_unless_it_has_leaked(
    sluice: Sluice, migrated: str
) -> None:
    first, _ = await _key(migrated)
    said = sluice.run("rotate-key").stdout
    assert "Restart every API and worker" in " ".join(said.split())
    assert "90 more days" in " ".join(said.split())
    second, former = await _key(migrated)
    assert (former, second == first) == (first, False)
    said = sluice.run("rotate-key", "--drop-former").stdout
    third, former = await _key(migrated)
    assert (former, third == second) == (None, False)
    assert not {first, second, third} & set(said.split())
