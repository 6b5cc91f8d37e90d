"""The two probes, and what callers see while a server is away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import asyncpg
import pytest
from httpx2 import AsyncClient, Response
from structlog.testing import capture_logs

from app.cli.server.uvicorn import bind, listening, url_of
from app.logs import configure_logs
from tests.support.families import Recording, Welcoming
from tests.support.http import OPS, api, app_of, assert_problem, bearer, traces
from tests.support.patience import PATIENCE
from tests.support.servers.ports import closed_port
from tests.support.service import Opener, Sluice


@pytest.fixture
def without_redis(opener: Opener) -> Iterator[Opener]:
    with closed_port() as port:
        yield replace(opener, urls=replace(opener.urls, redis=f"redis://127.0.0.1:{port}"))


async def test_a_service_whose_servers_answer_is_ready(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice, secret=None) as caller:
        response = await caller.get("/readyz")
        assert response.status_code == 200
        assert response.json() == {
            "success": True,
            "checks": {"postgres": True, "redis": True},
            "reasons": {},
        }


async def test_without_redis_the_service_lives_and_is_not_ready_and_says_what_is_missing(
    without_redis: Opener,
) -> None:
    async with without_redis(Recording()) as sluice, api(sluice, secret=None) as caller:
        response = await caller.get("/readyz")
        assert response.status_code == 503
        assert response.json() == {
            "success": False,
            "checks": {"postgres": True, "redis": False},
            "reasons": {"redis": "Redis does not answer just now."},
        }
        assert (await caller.get("/healthz")).status_code == 200


async def test_without_redis_a_run_can_still_be_started(without_redis: Opener) -> None:
    async with without_redis(Welcoming()) as sluice, api(sluice) as caller:
        path = "/api/workflows/welcome-placeholder/process-users"
        assert (await caller.post(path, json={})).status_code == 202
        assert await traces(sluice) == (1, 0, 1)


async def test_without_redis_a_dry_run_that_asks_it_says_try_again(without_redis: Opener) -> None:
    async with without_redis(Welcoming()) as sluice, api(sluice) as caller:
        await sluice.add_users(1)
        path = "/api/workflows/welcome-placeholder/process-users"
        with capture_logs():
            response = await caller.post(path, json={"dryRun": True})
        assert_problem(response, 503)
        assert response.headers["retry-after"]


async def test_connections_that_postgres_dropped_are_replaced_before_a_call_meets_them(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        assert (await caller.get("/api/runs")).status_code == 200
        operator = await asyncpg.connect(opener.urls.database)
        await operator.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await operator.close()
        assert (await caller.get("/api/runs")).status_code == 200


async def make_a_mistake(sluice: Sluice, caller: AsyncClient) -> Response:
    """A statement of ours that Postgres does not understand: a column is not there any more."""
    await sluice.sql("ALTER TABLE sluice.run RENAME COLUMN started_by TO hunter2")
    return await caller.get("/api/runs")


async def test_a_mistake_of_ours_is_a_500_that_tells_nothing_of_its_inside(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        with capture_logs() as logged:
            response = await make_a_mistake(sluice, caller)
        document = assert_problem(response, 500)
        assert "log" in document["detail"]
        assert "hunter2" not in response.text
        assert [entry["event"] for entry in logged] == ["request_failed"]


@pytest.mark.parametrize("style", ["json", "console"])
async def test_the_log_of_a_mistake_does_not_show_the_callers_token(
    opener: Opener, style: Literal["json", "console"], capfd: pytest.CaptureFixture[str]
) -> None:
    configure_logs("error", style)
    try:
        async with opener(Recording()) as sluice, api(sluice) as caller:
            await make_a_mistake(sluice, caller)
    finally:
        configure_logs("error", "console")
    assert OPS not in capfd.readouterr().err


async def test_a_mistake_is_logged_once(opener: Opener, capfd: pytest.CaptureFixture[str]) -> None:
    configure_logs("error", "json")
    try:
        async with opener(Recording()) as sluice:
            app, bound = app_of(sluice), bind("127.0.0.1", 0)
            app.state.api = None  # nothing that a route needs is there
            async with (
                listening(app, bound, stop_timeout=5.0),
                AsyncClient(
                    base_url=url_of(bound), headers=bearer(OPS), timeout=PATIENCE
                ) as caller,
            ):
                assert_problem(await caller.get("/api/runs"), 500)
    finally:
        configure_logs("error", "console")
    [line] = capfd.readouterr().err.splitlines()
    assert json.loads(line)["event"] == "request_failed"


async def test_the_log_of_a_mistake_says_where_it_was_made(
    opener: Opener, capfd: pytest.CaptureFixture[str]
) -> None:
    configure_logs("error", "json")
    try:
        async with opener(Recording()) as sluice, api(sluice) as caller:
            await make_a_mistake(sluice, caller)
    finally:
        configure_logs("error", "console")
    logged = capfd.readouterr().err
    assert "request_failed" in logged
    assert "UndefinedColumn" in logged
    assert "app/api/runs/runs.py" in logged
