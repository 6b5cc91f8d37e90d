"""``sluice prune``: what ended long ago goes, and nothing else."""

from __future__ import annotations

import asyncpg
import pytest

from tests.cli.command import Sluice

OLD = [("run_a", "40 days"), ("run_b", "31 days"), ("run_c", "29 days"), ("run_d", None)]


@pytest.fixture
async def runs(migrated: str) -> None:
    """Two that ended more than thirty days ago, one later, and one that goes on."""
    connection = await asyncpg.connect(migrated)
    try:
        for run_id, age in OLD:
            await connection.execute(
                "INSERT INTO sluice.run (id, family, status, params, force, started_by,"
                " finished_at)"
                " VALUES ($1, 'x', 'succeeded', '{}', false, 'test', now() - $2::text::interval)",
                run_id,
                age,
            )
            await connection.execute(
                "INSERT INTO sluice.item (run_id, item_id, status) VALUES ($1, 'u1', 'succeeded')",
                run_id,
            )
    finally:
        await connection.close()


async def _left(migrated: str) -> list[list[str]]:
    connection = await asyncpg.connect(migrated)
    try:
        queries = (
            "SELECT id FROM sluice.run ORDER BY 1",
            "SELECT run_id FROM sluice.item ORDER BY 1",
        )
        return [[row[0] for row in await connection.fetch(query)] for query in queries]
    finally:
        await connection.close()


@pytest.mark.usefixtures("runs")
async def test_a_dry_run_counts_and_a_real_one_deletes_old_runs_with_their_items(
    sluice: Sluice, migrated: str
) -> None:
    counted = sluice.run("prune", "--older-than", "30d", "--dry-run").stdout
    assert counted.startswith("Would delete 2 runs that ended more than 30d ago")
    assert (await _left(migrated))[0] == ["run_a", "run_b", "run_c", "run_d"]
    assert sluice.run("prune", "--older-than", "30d").stdout.startswith("Deleted 2 runs ")
    assert await _left(migrated) == [["run_c", "run_d"], ["run_c", "run_d"]]
    assert sluice.run("prune", "--older-than", "672h").stdout.startswith("Deleted 1 run ")
    assert sluice.run("prune", "--older-than", "1s").stdout.startswith("Deleted 0 runs ")
    assert (await _left(migrated))[0] == ["run_d"]


def test_an_age_that_is_none_is_refused_with_a_sentence(sluice: Sluice) -> None:
    for age in ("30", "0d", "-1d", "soon"):
        sentence = sluice.refused("prune", f"--older-than={age}")
        assert sentence.startswith("--older-than: it must be")
        assert age in sentence
    assert sluice.run("prune").returncode == 2


def test_where_there_are_no_tables_the_sentence_says_how_to_make_them(
    sluice: Sluice, empty: str
) -> None:
    assert "sluice migrate" in sluice.refused("prune", "--older-than", "30d", DATABASE_URL=empty)
