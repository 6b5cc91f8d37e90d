"""The files of docs/guides/serverless.md, as platforms use them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from app.connections.server_urls import Urls
from app.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = {field.alias for field in Settings.model_fields.values()}
GUIDE = (ROOT / "docs" / "guides" / "serverless.md").read_text("utf-8")
FILES = dict(
    re.findall(r"^`([\w./]+)`[^\n]*:\n\n```\w+\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
)
"""Their names, and what is in them."""

CALLS = """
import json
async def answers(app, *paths):
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app), base_url="https://sluice.example.com"
    ) as caller:
        return [(await caller.get(path)).status_code for path in paths]
"""
VERCEL = f"""
import asyncio, httpx2, index
{CALLS}
async def serve():  # as uvicorn
    async with index.app.router.lifespan_context(index.app):
        return await answers(index.app, "/healthz", "/readyz", "/api/runs")
print(json.dumps(asyncio.run(serve())))
"""
LAMBDA = """
import json, lambda_handler
print(json.dumps([lambda_handler.handler(path, None) for path in ("/healthz", "/readyz")]))
"""
MANGUM = f"""
import asyncio, httpx2
{CALLS}
class Mangum:
    def __init__(self, app, lifespan):
        assert lifespan == "off"
        self.app = app

    def __call__(self, event, context):
        return asyncio.get_event_loop().run_until_complete(answers(self.app, event))[0]
"""
"""What of Mangum the file uses."""


@pytest.fixture
def environment(urls: Urls, redis_prefix: str, tmp_path: Path) -> dict[str, str]:
    """Nothing but what the guide says, and where Python finds what it imports."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path / 'files'}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "SLUICE_ENGINE": "qstash",
        "APP_URL": "https://sluice.example.com",
        "QSTASH_URL": "http://127.0.0.1:9",
        "QSTASH_TOKEN": "a-token-of-qstash",
        "QSTASH_CURRENT_SIGNING_KEY": "sig_current_0123456789abcdef0123",
        "QSTASH_NEXT_SIGNING_KEY": "sig_following_0123456789abcdef01",
        "DATABASE_URL": urls.database,
        "REDIS_URL": urls.redis,
        "SLUICE_TOKENS": "ops:secret-of-ops-0123456789",
        "SLUICE_REDIS_PREFIX": redis_prefix,
        "SLUICE_POOL_SIZE": "2",
        "SLUICE_FILES_DIR": str(tmp_path / "kept"),
    }


def run(code: str, environment: dict[str, str], tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """In a folder of its own, which must stay empty."""
    (tmp_path / "files").mkdir()
    for name, text in {**FILES, "mangum.py": MANGUM}.items():
        (tmp_path / "files" / Path(name).name).write_text(text, "utf-8")
    empty = tmp_path / "empty"
    empty.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        env=environment,
        cwd=empty,
        capture_output=True,
        text=True,
    )
    assert not [*empty.iterdir()]
    return done


def test_what_vercel_imports_answers(environment: dict[str, str], tmp_path: Path) -> None:
    done = run(VERCEL, environment, tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [200, 200, 401]


def test_what_lambda_calls_stays_open_between_two_calls(
    environment: dict[str, str], tmp_path: Path
) -> None:
    done = run(LAMBDA, environment, tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [200, 200]


@pytest.mark.parametrize("missing", ["DATABASE_URL", "REDIS_URL"])
def test_no_server_is_started_where_an_app_is_imported(
    environment: dict[str, str], tmp_path: Path, missing: str
) -> None:
    del environment[missing]
    done = run("import index", environment, tmp_path)
    assert "DATABASE_URL and REDIS_URL must both be set" in done.stderr


def test_the_files_name_one_another_and_what_is_there() -> None:
    vercel = json.loads(FILES["vercel.json"])
    [function] = vercel["functions"]
    assert function in FILES
    assert {f"/{function.removesuffix('.py')}"} == {
        one["destination"] for one in vercel["rewrites"]
    }
    left_out = re.findall(r"\w+", vercel["functions"][function]["excludeFiles"])
    assert all((ROOT / name).is_dir() for name in left_out)
    copied = re.findall(r"^COPY (\S+)", FILES["Dockerfile.lambda"], re.MULTILINE)
    assert copied
    assert all(name in FILES or (ROOT / name).exists() for name in copied)
    [required] = re.findall(r"-r (\S+)", FILES["requirements.txt"])
    assert (ROOT / required).is_file()


def test_the_guide_sets_nothing_that_is_no_setting() -> None:
    named = set(re.findall(r"\b((?:SLUICE|QSTASH|APP|DATABASE|REDIS)_[A-Z_]+)\b", GUIDE))
    assert named <= set(SETTINGS)
    assert {"SLUICE_ENGINE", "APP_URL", "DATABASE_URL", "REDIS_URL"} <= named
