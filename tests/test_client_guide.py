"""The files of docs/guides/client.md, as their readers use them: in processes of their own, beside
a service with a worker."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from app.connections.server_urls import Urls
from app.workflows.families.welcome_placeholder import WelcomePlaceholders
from tests.support.http import OPS, app_of, serving
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice
from tests.workflows.families.example_users import add_users

ROOT = Path(__file__).resolve().parents[1]
GUIDE = (ROOT / "docs" / "guides" / "client.md").read_text("utf-8")
FILES = dict(
    re.findall(r"^`([\w./]+\.py)`:\n\n```python\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
)
"""Their names, and what is in them."""
CALLS = """
import asyncio, httpx2, signup_app
async def main():
    app = signup_app.app
    async with app.router.lifespan_context(app), httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app), base_url="http://signup.test"
    ) as caller:
        runs = [(await caller.post("/signups/u00002")).json()["runId"] for _ in range(2)]
        assert runs[0] == runs[1]
        answer = await caller.get("/signups/u00002/lines", params={"run_id": runs[0]})
        print(answer.status_code, len(answer.json()))
asyncio.run(main())
"""


@dataclass(frozen=True)
class Reader:
    """Who has the files in a folder, and sets nothing but what the guide says."""

    sluice: Sluice
    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    async def python(self, *words: str) -> tuple[int | None, str]:
        """How it ended, and what it said."""
        started = await asyncio.create_subprocess_exec(
            sys.executable,
            *words,
            cwd=self.folder,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(PATIENCE):
            said, _ = await started.communicate()
        return started.returncode, said.decode()


@pytest.fixture
async def reader(
    opener: Opener, urls: Urls, redis_prefix: str, tmp_path: Path
) -> AsyncIterator[Reader]:
    folder = tmp_path / "own"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / Path(name).name).write_text(text, "utf-8")
    async with (
        opener(WelcomePlaceholders()) as sluice,
        sluice.worker(),
        serving(app_of(sluice)) as url,
    ):
        await add_users(sluice, 20)
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": f"{ROOT}{os.pathsep}{folder}",
            "PYTHONPYCACHEPREFIX": os.environ["PYTHONPYCACHEPREFIX"],
            "DATABASE_URL": urls.database,
            "REDIS_URL": urls.redis,
            "SLUICE_REDIS_PREFIX": redis_prefix,
            "SLUICE_POOL_SIZE": "2",
            "SLUICE_FILES_DIR": str(tmp_path / "files"),
            "SLUICE_URL": url,
            "SLUICE_TOKEN": OPS,
        }
        yield Reader(sluice, folder, environment)


async def test_an_app_of_ones_own_welcomes_who_signs_up(reader: Reader) -> None:
    status, said = await reader.python("-c", CALLS)
    assert status == 0, said
    code, lines = said.split()
    assert code == "200"
    assert int(lines) >= 1
    [[who]] = await reader.sluice.sql("SELECT started_by FROM sluice.run")
    assert who == "signup"


async def test_a_script_starts_what_is_due_and_says_how_it_went(reader: Reader) -> None:
    assert await reader.python("nightly.py") == (
        0,
        "2 of 2 users have no lines.\n2 succeeded, 0 failed.\n",
    )
    assert (await reader.python("nightly.py"))[1].startswith("0 of 2 users have no lines.")


async def test_a_script_says_which_items_failed(reader: Reader) -> None:
    await reader.sluice.sql("ALTER TABLE welcome_placeholder ADD CHECK (user_id <> 'u00010')")
    status, said = await reader.python("nightly.py")
    assert status == 1, said
    assert "u00010: " in said
    assert said.endswith("1 succeeded, 1 failed.\n")


async def test_another_process_calls_the_service(reader: Reader) -> None:
    status, said = await reader.python("weekly.py")
    assert status == 0, said
    assert said.startswith("[DryRun] Would process 2 users\nu00010: ")
    assert said.endswith("2 succeeded, 0 failed.\n")
    # The same week once more gives the run of the first time.
    assert (await reader.python("weekly.py"))[1].endswith("2 succeeded, 0 failed.\n")
    assert len(await reader.sluice.sql("SELECT 1 FROM sluice.run")) == 1


async def test_another_process_follows_a_run(reader: Reader) -> None:
    status, said = await reader.python("follow.py", "u00003")
    assert status == 0, said
    first, *kinds = said.splitlines()
    assert re.fullmatch(r"It would write [1-9]\d* lines\.", first)
    assert kinds == ["created", "begun", "ended"]


async def test_the_test_of_the_guide_passes(opener: Opener) -> None:
    names: dict[str, Any] = {}
    exec(FILES["tests/workflows/families/test_welcome_run.py"], names)  # noqa: S102 - the guide's
    [test] = [found for name, found in names.items() if name.startswith("test_")]
    await test(opener)


async def test_without_its_servers_a_script_is_told_which_settings_it_lacks(
    reader: Reader,
) -> None:
    del reader.environment["REDIS_URL"]
    status, said = await reader.python("nightly.py")
    assert status == 1
    assert "DATABASE_URL and REDIS_URL must both be set" in said


def test_the_guide_names_its_files_once() -> None:
    assert set(FILES) == {
        "signup_app.py",
        "nightly.py",
        "tests/workflows/families/test_welcome_run.py",
        "weekly.py",
        "follow.py",
    }
