"""``scene-images`` under a worker that is killed at every boundary between two of its steps."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from app.store.tables.runs import Run
from app.workflows.families.scene_images import SceneImages
from tests.support.service import Opener, Sluice, assert_exact
from tests.workflows.families.scene_process import BOUNDARIES, IMAGES, TABLES, mortal_workers

pytestmark = pytest.mark.slow

STEPS = ("prompts", *(f"image-{n}" for n in range(1, IMAGES + 1)))


async def add_scenes(sluice: Sluice) -> None:
    for statement in TABLES:
        await sluice.sql(statement)
    await sluice.sql(
        "INSERT INTO scene (id, title, description)"
        " SELECT name, name, 'Hills.' FROM unnest(CAST(:names AS text[])) AS t(name)",
        names=list(BOUNDARIES),
    )


async def ended(opener: Opener, sluice: Sluice, files: Path, *, orderly: bool) -> Run:
    """A run over every scene, by workers of which ``orderly`` ones die."""
    run_id = await sluice.start(force=True)
    prefix = opener.settings.redis_prefix
    async with mortal_workers(opener.urls, prefix, files, orderly=orderly):
        return await sluice.ended(run_id, within=60)


async def sets(sluice: Sluice) -> list[Any]:  # rows
    return list(await sluice.sql("SELECT * FROM scene_image_set ORDER BY scene_id"))


def kept(folder: Path) -> dict[str, bytes]:
    return {str(f.relative_to(folder)): f.read_bytes() for f in folder.rglob("*") if f.is_file()}


async def test_a_worker_killed_at_every_boundary_repeats_no_step_and_makes_the_same_images(
    opener: Opener, tmp_path: Path
) -> None:
    killed, undisturbed = tmp_path / "killed", tmp_path / "undisturbed"
    async with opener(SceneImages()) as sluice:
        await add_scenes(sluice)
        run = await ended(opener, sluice, killed, orderly=True)
        rows, items = await sets(sluice), await sluice.items(run.id)
        evidence = Counter(tuple(row) for row in await sluice.sql("SELECT * FROM evidence"))
        other = await ended(opener, sluice, undisturbed, orderly=False)
        others, other_items = await sets(sluice), await sluice.items(other.id)
        deaths = [row.scene for row in await sluice.sql("SELECT scene FROM death")]

    assert sorted(deaths) == sorted(BOUNDARIES)
    assert run.status == other.status == "succeeded"
    assert_exact(run, items)
    assert evidence == Counter(
        {(scene, step): 1 for scene in BOUNDARIES for step in (*STEPS, "save")}
        # What is saved and not yet counted is saved again: the outcome is not there to tell.
        | {("save", "save"): 2}
    )
    assert [item.result for item in items] == [item.result for item in other_items]
    assert [row.images for row in rows] == [row.images for row in others]
    assert kept(killed) == kept(undisturbed)
    assert len(kept(killed)) == len(BOUNDARIES) * IMAGES
