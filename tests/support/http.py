"""The HTTP API as a caller sees it: in this process, or over a real socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

import httpx2
import uvicorn
from fastapi import FastAPI
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from app.api.app import build_app, common_routes, family_routes
from app.api.pages.console import STATIC
from app.api.problems import MEDIA_TYPE
from app.workflows.contract.job_family import AnyFamily, JobFamily
from tests.support.patience import PATIENCE
from tests.support.service import Sluice

OPS = "secret-of-ops-0123456789"
CRON = "secret-of-cron-0123456789"


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


@asynccontextmanager
async def nothing_opens(app: FastAPI) -> AsyncIterator[None]:
    """A lifespan."""
    yield


def app_of(sluice: Sluice) -> FastAPI:
    """The app over a service that is open already; its lifespan neither opens nor closes one."""
    service = sluice.service
    families = [bound.family for bound in service.families.values()]
    settings = service.settings
    app = build_app(
        families,
        settings.tokens,
        lifespan=nothing_opens,
        root_path=settings.root_path,
        routes=[*_routes_of(families), *_common_routes(settings.root_path)],
    )
    app.state.api = service.api
    return app


_common_routes = lru_cache(partial(common_routes, STATIC))
"""To make routes takes longer than most calls do, and they hold nothing of one service."""


def _routes_of(families: list[AnyFamily]) -> list[BaseRoute]:
    known = {*dir(JobFamily), *JobFamily.__annotations__}
    if any(known & vars(family).keys() for family in families):
        return family_routes(families)  # one of them is not what its class says
    return _routes_of_classes(*(_Alike(type(family), family) for family in families))


@dataclass(frozen=True)
class _Alike:
    kind: type[AnyFamily]
    family: AnyFamily = field(compare=False)


@lru_cache(maxsize=64)
def _routes_of_classes(*alike: _Alike) -> list[BaseRoute]:
    return family_routes([one.family for one in alike])


@asynccontextmanager
async def api(sluice: Sluice, secret: str | None = OPS) -> AsyncIterator[httpx2.AsyncClient]:
    """A client that holds a token, unless ``secret`` is None."""
    # What a handler answers is what a caller sees, an unexpected error's answer too.
    transport = httpx2.ASGITransport(app_of(sluice), raise_app_exceptions=False)
    async with httpx2.AsyncClient(
        transport=transport,
        base_url="http://sluice.test",
        headers={} if secret is None else bearer(secret),
    ) as client:
        yield client


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals stay pytest's."""
        yield


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[str]:
    """The address of a socket of this machine behind which the app is."""
    config = uvicorn.Config(app, log_config=None, log_level="critical", lifespan="off")
    server = _Server(config)
    # With its protocol: or asyncio leaves TCP_NODELAY off, and an answer's body waits 40 ms for an
    # acknowledgement of its head.
    with socket.socket(proto=socket.IPPROTO_TCP) as bound:
        bound.bind(("127.0.0.1", 0))
        task = asyncio.create_task(server.serve(sockets=[bound]))
        try:
            async with asyncio.timeout(PATIENCE):
                while not server.started:
                    await asyncio.sleep(0.01)
            yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        finally:
            server.should_exit = True
            await task


@asynccontextmanager
async def listening(sluice: Sluice, secret: str | None = OPS) -> AsyncIterator[httpx2.AsyncClient]:
    """A client that reaches the API over a socket of this machine."""
    async with (
        serving(app_of(sluice)) as url,
        httpx2.AsyncClient(
            base_url=url,
            headers={} if secret is None else bearer(secret),
            timeout=PATIENCE,
        ) as client,
    ):
        yield client


def assert_problem(response: httpx2.Response, status: int) -> dict[str, Any]:  # a JSON document
    """The answer is a problem document of this status. Returns it."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == MEDIA_TYPE
    document: dict[str, Any] = response.json()
    assert document["status"] == status
    assert document["success"] is False
    assert document["title"]
    assert document["error"] == document["detail"] != ""
    assert document["instance"] == response.url.path
    return document


def fields(document: Mapping[str, Any]) -> list[str]:  # a JSON document
    """The fields that a problem document names."""
    return [error["field"] for error in document["errors"]]


async def traces(sluice: Sluice) -> tuple[int, int, int]:
    """How many runs, items and messages there are."""
    counts = "SELECT (SELECT count(*) FROM sluice.run), (SELECT count(*) FROM sluice.item)"
    runs, items = (await sluice.sql(counts))[0]
    return runs, items, await sluice.queued()


class RefusingTheFirst(httpx2.HTTPTransport):
    """The service, as whoever asks too much at once finds it: the first call of each address."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: list[str] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path in self.refused:
            return super().handle_request(request)
        self.refused.append(request.url.path)
        problem = {"title": "Too many", "status": 429, "detail": "Too many at once."}
        return httpx2.Response(429, json=problem, headers={"Retry-After": "1"}, request=request)
