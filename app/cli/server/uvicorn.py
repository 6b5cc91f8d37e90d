"""The API on a socket, and metrics on one of their own."""

from __future__ import annotations

import asyncio
import math
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import structlog
import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from app.api.metrics.page import MetricsPage
from app.api.problems import LoggedOnce
from app.cli.server.http_protocol import BoundedHttpProtocol, BoundedState
from app.cli.server.limits import ServerLimits, accepted_at_once
from app.errors import ConfigurationError
from app.settings import Settings

_DRAIN = 5.0
"""Seconds, at most, that a stop gives to calls in flight; the worker's time comes after."""
SCRAPERS = 32
"""Connections for metrics at once: a few who scrape, and what they left open."""

log = structlog.get_logger("sluice.metrics")


def bind(
    host: str,
    port: int,
    what: str = "The API",
    choose: str = "Choose another with --port or SLUICE_PORT, --host or SLUICE_HOST.",
) -> socket.socket:
    """Port 0: any free one.

    Args:
        what, choose: for the sentence that says why it cannot be, and what to do.

    Raises:
        ConfigurationError: the address is taken or not ours.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
        except OSError:
            bound.close()
            raise
    except OSError as error:
        raise ConfigurationError(
            f"{what} cannot listen on {host} port {port}: {error.strerror}. {choose}"
        ) from None
    return bound


def url_of(bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, limits: ServerLimits, stopping: asyncio.Event
    ) -> None:
        super().__init__(config)
        self.server_state = BoundedState(limits)
        self.ready = asyncio.Event()
        self._stopping = stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except OSError as error:  # bound by two of us at once, and the other was first to listen
            raise ConfigurationError(f"The API cannot listen: {error.strerror}.") from None
        self.ready.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._stopping.set()  # or a stream that somebody follows would hold the stop up
        await super().shutdown(sockets)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:  # signals are the command's business
        yield


@asynccontextmanager
async def listening(
    app: FastAPI, bound: socket.socket, *, stop_timeout: float, limits: ServerLimits | None = None
) -> AsyncIterator[asyncio.Task[None]]:
    """Answer calls while the context is open. The task ends early only if the server breaks.

    What goes wrong when the app opens is raised here, and not, as uvicorn would, logged with its
    traceback: that is why the lifespan is ours.
    """
    async with (
        app.router.lifespan_context(app),
        answering(app, bound, app.state.stopping, stop_timeout=stop_timeout, limits=limits) as task,
    ):
        yield task


@asynccontextmanager
async def answering(
    app: ASGIApp,
    bound: socket.socket,
    stopping: asyncio.Event,
    *,
    stop_timeout: float,
    limits: ServerLimits | None = None,
) -> AsyncIterator[asyncio.Task[None]]:
    """The same for an app that has no lifespan.

    Args:
        stopping: set when the server begins to stop.
    """
    config = uvicorn.Config(
        LoggedOnce(app),
        http=BoundedHttpProtocol,
        backlog=accepted_at_once(),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=math.ceil(min(_DRAIN, stop_timeout)),
    )
    server = _Server(config, limits or ServerLimits(), stopping)
    serving = asyncio.create_task(server.serve(sockets=[bound]))
    ready = asyncio.create_task(server.ready.wait())
    try:
        await asyncio.wait({serving, ready}, return_when=asyncio.FIRST_COMPLETED)
        if server.ready.is_set():  # else the reason is raised below
            yield serving
    finally:
        ready.cancel()
        server.should_exit = True
        await serving


@asynccontextmanager
async def metrics_port(settings: Settings, page: MetricsPage | None) -> AsyncIterator[None]:
    """Answer on it while the context is open; where none is set, nothing listens.

    Raises:
        ConfigurationError: the port is taken, or the address is not ours.
    """
    if page is None or settings.metrics_port is None:
        yield
        return
    choose = "Choose another with SLUICE_METRICS_PORT, SLUICE_METRICS_HOST."
    with bind(settings.metrics_host, settings.metrics_port, "The metrics", choose) as bound:
        limits = ServerLimits(connections=SCRAPERS)
        async with answering(page, bound, asyncio.Event(), stop_timeout=1, limits=limits):
            log.info("metrics_served", url=url_of(bound))
            yield
