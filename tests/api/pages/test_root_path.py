"""The service below a path of a proxy's: all of it works, whether or not the path is stripped."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from app.store.statuses import ItemStatus
from tests.api.auth.test_access import every_route
from tests.api.runs.test_suspended import PROCESS, Reviewed, review
from tests.support.http import OPS, app_of, assert_problem, bearer, serving
from tests.support.network.proxy import proxy
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice
from tests.support.stepped import items_at

ROOT = "/tools/sluice"
CONSOLE = {"X-Sluice-Console": "1"}


@pytest.fixture(params=[True, False], ids=["stripped", "kept"])
def strips(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@asynccontextmanager
async def behind(
    opener: Opener, *, strips: bool
) -> AsyncIterator[tuple[Sluice, httpx2.AsyncClient, httpx2.AsyncClient]]:
    """The service, a caller of the proxy, and one of the service itself, both without a token."""
    async with (
        opener(
            Reviewed(review),
            root_path=ROOT,
            url="https://example.com",
            tokens=opener.settings.tokens,
        ) as sluice,
        serving(app_of(sluice)) as url,
        httpx2.AsyncClient(base_url=url, timeout=PATIENCE) as direct,
        httpx2.AsyncClient(base_url=url, timeout=PATIENCE) as upstream,
        serving(proxy(upstream, ROOT, strips=strips)) as public,
        httpx2.AsyncClient(base_url=public, timeout=PATIENCE) as caller,
    ):
        yield sluice, caller, direct


async def test_api_and_its_streams_answer_below_the_path_and_nowhere_without_a_token(
    opener: Opener, strips: bool
) -> None:
    async with behind(opener, strips=strips) as (sluice, caller, direct):
        await sluice.add_users(1)
        for inner in ("/api/runs", "/api/runs/", "/api/schedules", "/openapi.json"):
            assert_problem(await caller.get(f"{ROOT}{inner}"), 401)
            for path in (inner, f"{ROOT}{inner}", f"{ROOT}{ROOT}{inner}", f"{ROOT}/{inner}"):
                assert (await direct.get(path)).status_code == 401, path
        started = await caller.post(f"{ROOT}{PROCESS}", json={}, headers=bearer(OPS))
        assert started.status_code == 202, started.text
        run_id = started.json()["runId"]
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
        for client, path in ((caller, f"{ROOT}/api/runs"), (direct, "/api/runs")):
            listed = await client.get(path, headers=bearer(OPS))
            assert [run["id"] for run in listed.json()["runs"]] == [run_id]
        item = await caller.get(
            f"{ROOT}/api/runs/{run_id}/item", params={"id": "u00001"}, headers=bearer(OPS)
        )
        assert item.json()["item"]["itemId"] == "u00001"
        document = (await caller.get(f"{ROOT}/openapi.json", headers=bearer(OPS))).json()
        assert document["servers"] == [{"url": ROOT}]
        assert PROCESS in document["paths"]
        assert (await direct.get("/healthz")).status_code == 200
        assert (await caller.get(f"{ROOT}/healthz")).status_code == 200


async def test_the_console_and_all_that_it_loads_stand_below_the_path(
    opener: Opener, strips: bool
) -> None:
    async with behind(opener, strips=strips) as (_, caller, _direct):
        for start in ("/", "/console"):
            answer = await caller.get(f"{ROOT}{start}", follow_redirects=True)
            assert answer.url.path == f"{ROOT}/console"
        for place in ("", "/", "/runs/run_x/item?id=a", "/schedules"):
            page = (await caller.get(f"{ROOT}/console{place}")).text
            names = re.findall(r'(?:src|href)="([^"]+)"', page)
            assert any(name.endswith(".js") for name in names)
            assert any(name.endswith(".css") for name in names)
            for name in names:
                assert name.startswith(f"{ROOT}/console/"), name
                found = await caller.get(name)
                assert found.status_code == 200
                assert "html" not in found.headers["content-type"]


async def test_a_session_is_of_the_path_and_no_other_service_is_sent_it(
    opener: Opener, strips: bool
) -> None:
    async with behind(opener, strips=strips) as (_, caller, _direct):
        session = f"{ROOT}/api/session"
        entered = await caller.post(session, json={"token": OPS})
        assert f"Path={ROOT};" in entered.headers["set-cookie"]
        assert (await caller.get(f"{ROOT}/api/runs")).status_code == 200
        elsewhere = caller.build_request("GET", "/other/api")
        assert "cookie" not in elsewhere.headers
        left = await caller.delete(session, headers=CONSOLE)
        assert f"Path={ROOT};" in left.headers["set-cookie"]
        assert_problem(await caller.get(f"{ROOT}/api/runs"), 401)


async def test_a_link_leads_below_the_path_and_is_answered_there(
    opener: Opener, strips: bool
) -> None:
    async with behind(opener, strips=strips) as (sluice, caller, _):
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
        made = await caller.post(
            f"{ROOT}/api/runs/{run_id}/item/link", params={"id": "u00001"}, headers=bearer(OPS)
        )
        url = httpx2.URL(made.json()["url"])
        assert (url.host, url.path.startswith(f"{ROOT}/answer/")) == ("example.com", True)
        assert (await caller.get(url.path)).status_code == 200
        thanks = await caller.post(url.path, data={"approved": "true"})
        assert (thanks.status_code, "Thank you" in thanks.text) == (200, True)


async def test_no_answer_leads_to_the_host_that_the_caller_named(
    opener: Opener, strips: bool
) -> None:
    named = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    async with behind(opener, strips=strips) as (sluice, caller, direct):
        paths = sorted({path for _, path in every_route(app_of(sluice))})
        for client, root in ((caller, ROOT), (direct, "")):
            for path in paths:
                inner = re.sub(r"{.*?}", "x", path)
                for slashed in (inner, f"{inner.rstrip('/')}/"):
                    answer = await client.get(f"{root}{slashed}", headers={**bearer(OPS), **named})
                    shown = answer.text + str(answer.headers)
                    assert "evil.example" not in shown, slashed
                    assert answer.headers.get("location", "/").startswith("/"), slashed
