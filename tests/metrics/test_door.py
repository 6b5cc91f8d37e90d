"""Who may scrape: nobody, unless it is configured; and then whoever has the token."""

from __future__ import annotations

import re

import httpx2
import pytest
from pydantic import SecretStr

from app.cli.server.uvicorn import metrics_port
from app.errors import ConfigurationError
from app.settings import Settings
from tests.metrics.scraping import SECRET
from tests.support.families import Recording
from tests.support.http import OPS, api, assert_problem, bearer
from tests.support.servers.ports import closed_port, free_port
from tests.support.service import Opener, Sluice

TOKEN = SecretStr(SECRET)
SCRAPED = {"metrics_token": TOKEN}


async def test_nothing_is_served_and_nothing_counted_where_nothing_is_configured(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice:
        assert sluice.service.metrics is None
        assert sluice.service.reconciler.meter is None
        async with api(sluice, SECRET) as client:
            assert_problem(await client.get("/metrics"), 401)
        async with api(sluice, OPS) as client:
            assert_problem(await client.get("/metrics"), 404)
        async with metrics_port(sluice.service.settings, sluice.service.api.metrics):
            pass  # nothing listens


@pytest.mark.parametrize("secret", [None, OPS, f"{SECRET}x", SECRET.upper(), ""])
async def test_without_the_very_token_the_answer_is_401(opener: Opener, secret: str | None) -> None:
    async with opener(Recording(), **SCRAPED) as sluice, api(sluice, None) as client:
        headers = {} if secret is None else bearer(secret)
        answer = await client.get("/metrics", headers=headers)
        told = assert_problem(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "SLUICE_METRICS_TOKEN" in told["detail"]
        assert SECRET not in answer.text


async def test_the_token_opens_nothing_but_metrics(opener: Opener) -> None:
    async with opener(Recording(), **SCRAPED) as sluice, api(sluice, SECRET) as client:
        assert (await client.get("/metrics")).status_code == 200
        for path in ("/api/runs", "/api/overview", "/metrics/", "/metrics/x", "/openapi.json"):
            assert_problem(await client.get(path), 401)


async def test_metrics_are_only_read(opener: Opener) -> None:
    async with opener(Recording(), **SCRAPED) as sluice, api(sluice, SECRET) as client:
        head = await client.head("/metrics")
        assert (head.status_code, head.content) == (200, b"")
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            answer = await client.request(method, "/metrics")
            assert assert_problem(answer, 405)["detail"] == "/metrics takes GET and HEAD."
            assert answer.headers["allow"] == "GET, HEAD"


async def test_below_a_path_they_are_below_it_too(opener: Opener) -> None:
    async with (
        opener(Recording(), **SCRAPED, root_path="/sluice") as sluice,
        api(sluice, SECRET) as client,
    ):
        for path in ("/sluice/metrics", "/metrics"):
            assert (await client.get(path)).status_code == 200


async def test_the_format_is_the_one_that_is_asked_for(opener: Opener) -> None:
    async with opener(Recording(), **SCRAPED) as sluice, api(sluice, SECRET) as client:
        plain = await client.get("/metrics", headers={"Accept": "text/plain;version=0.0.4"})
        assert plain.headers["content-type"].startswith("text/plain; version=")
        assert plain.headers["cache-control"] == "no-store"
        asked = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
        openly = await client.get("/metrics", headers={"Accept": asked})
        assert openly.headers["content-type"].startswith("application/openmetrics-text; version=")
        assert openly.text.endswith("# EOF\n")


async def _served(sluice: Sluice, port: int, **headers: str) -> httpx2.Response:
    settings = sluice.service.settings.model_copy(update={"metrics_port": port})
    page = sluice.service.api.metrics
    async with metrics_port(settings, page), httpx2.AsyncClient() as client:
        for path in ("/", "/api/runs", "/healthz"):
            answer = await client.get(f"http://127.0.0.1:{port}{path}", headers=headers)
            assert answer.status_code in (401, 404)
        return await client.get(f"http://127.0.0.1:{port}/metrics", headers=headers)


async def test_a_port_of_this_machine_alone_needs_no_token(opener: Opener) -> None:
    port = free_port()
    async with opener(Recording(), metrics_port=port) as sluice:
        assert "sluice_items_total" in (await _served(sluice, port)).text
        async with api(sluice, OPS) as client:
            assert_problem(await client.get("/metrics"), 404)  # it is that port alone


async def test_a_port_asks_for_the_token_where_there_is_one(opener: Opener) -> None:
    port = free_port()
    async with opener(Recording(), **SCRAPED, metrics_port=port) as sluice:
        assert_problem(await _served(sluice, port), 401)
        assert (await _served(sluice, port, **bearer(SECRET))).status_code == 200


@pytest.mark.parametrize("host", ["10.1.2.3", "::", "metrics.example.com"])
async def test_a_port_that_others_reach_without_a_token_is_refused(
    opener: Opener, host: str
) -> None:
    opening = opener(Recording(), metrics_port=9101, metrics_host=host)
    with pytest.raises(ConfigurationError, match="anybody could read the metrics"):
        await opening.__aenter__()


async def test_a_port_that_is_taken_is_told_with_what_to_set(opener: Opener) -> None:
    with closed_port() as port:
        async with opener(Recording(), metrics_port=port) as sluice:
            serving = metrics_port(sluice.service.settings, sluice.service.api.metrics)
            with pytest.raises(ConfigurationError, match="SLUICE_METRICS_PORT"):
                await serving.__aenter__()


@pytest.mark.parametrize(
    ("secret", "why"),
    [("short", "16 printable"), ("0000-make-your-own-0000", "one of an example")],
)
def test_a_token_that_is_none_is_refused(secret: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        Settings.model_validate({"SLUICE_METRICS_TOKEN": secret})
