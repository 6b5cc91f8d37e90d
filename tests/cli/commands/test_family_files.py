"""Files that are newer than a service are told of: they do nothing until it is restarted."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.typing import EventDict

from app.workflows.registry.family_files import FamilyFiles
from app.workflows.worker.family_watch import tell_newer
from tests.cli.command import Commanding
from tests.support.families import Recording
from tests.support.http import assert_problem, listening
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice

SAYS = "greet_again.py is newer than the service: restart it, and each worker."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "families").mkdir()
    (tmp_path / "families/__init__.py").touch()
    (tmp_path / "families/greet.py").write_text("one")
    return tmp_path / "families"


@asynccontextmanager
async def opened(opener: Opener, folder: Path) -> AsyncIterator[Sluice]:
    """A service that was started when the folder was as it is."""
    files = FamilyFiles(folder)
    async with opener(Recording()) as sluice:
        schedules = replace(sluice.service.api.schedules, files=files)
        api = replace(sluice.service.api, family_files=files, schedules=schedules)
        yield Sluice(replace(sluice.service, api=api))


def test_a_file_is_newer_that_came_or_has_another_text_and_not_one_that_was_touched(
    folder: Path,
) -> None:
    files = FamilyFiles(folder)
    os.utime(folder / "greet.py", (1, 1))
    (folder / ".#greet.py").write_text("an editor's")
    assert files.newer() == []
    (folder / "wave.py").touch()
    assert files.newer() == ["wave.py"]
    (folder / "greet.py").write_text("two")
    assert files.newer() == ["greet.py", "wave.py"]
    (folder / "wave.py").unlink()
    (folder / "greet.py").write_text("one")
    assert files.newer() == []


async def test_whoever_asks_for_a_family_whose_file_is_newer_is_told_to_restart(
    opener: Opener, folder: Path
) -> None:
    async with opened(opener, folder) as sluice, listening(sluice) as caller:
        assert (await caller.get("/api/families")).json()["newerFiles"] == []
        (folder / "greet_again.py").touch()
        assert (await caller.get("/api/families")).json()["newerFiles"] == ["greet_again.py"]
        for said in [
            await caller.post("/api/workflows/greet-again/process-users", json={}),
            await caller.post("/api/cron/greet-again"),
            await caller.get("/api/families/greet-again/coverage"),
            await caller.post("/api/backfills", json=_backfill()),
            await caller.post("/api/schedules", json=_schedule()),
        ]:
            document = assert_problem(said, said.status_code)
            assert document["detail"] == (
                f"There is no family 'greet-again'. Known are: recording. {SAYS}"
            )


async def test_the_command_line_tells_it_too(
    opener: Opener, folder: Path, commanding: Commanding
) -> None:
    async with opened(opener, folder) as sluice, commanding(sluice) as command:
        assert "newer" not in await command.says("families")
        (folder / "greet_again.py").touch()
        assert (await command.says("families")).splitlines()[-1] == SAYS
        refused = await command.refused("run", "greet-again")
        assert refused == f"There is no family 'greet-again'. Known are: recording. {SAYS}"


async def test_it_is_logged_once(folder: Path, logged: list[EventDict]) -> None:
    watching = asyncio.create_task(tell_newer(FamilyFiles(folder), every=0.01))
    for number, (name, text) in enumerate([("greet_again.py", ""), ("greet.py", "two")]):
        (folder / name).write_text(text)
        async with asyncio.timeout(PATIENCE):
            while len(logged) <= number:
                await asyncio.sleep(0.01)
    watching.cancel()
    assert [line["file"] for line in logged] == ["greet_again.py", "greet.py"]


def _backfill() -> dict[str, str]:
    return {"family": "greet-again", "from": "2026-01-01", "to": "2026-01-02"}


def _schedule() -> dict[str, str]:
    return {"family": "greet-again", "expression": "0 3 * * *"}
