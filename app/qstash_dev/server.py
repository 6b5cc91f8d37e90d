"""The server, on a socket of this machine's loopback.

In a test::

    async with local_qstash(QStashOptions(speed=1_000)) as qstash:
        client = AsyncQStash(qstash.token, base_url=qstash.url)
        ...
        await qstash.settled()
        assert not qstash.parts.dead_letters
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from app.errors import ConfigurationError
from app.qstash_dev.app import build_qstash_app
from app.qstash_dev.delivery.faults import Faults
from app.qstash_dev.options import QStashOptions
from app.qstash_dev.parts import QStashParts

_BACKLOG = 1_024
_DRAIN = 2
"""Seconds, at most, that a stop gives to calls in flight."""


class LocalQStash:
    """One that runs.

    Args:
        url: that clients call, and that ``QSTASH_URL`` is to be.
    """

    def __init__(self, url: str, options: QStashOptions, parts: QStashParts) -> None:
        self.url = url
        self.token = options.token
        self.parts = parts

    @property
    def variables(self) -> dict[str, str]:
        """What a service needs in its environment, as the keys are now."""
        keys = self.parts.signing_keys
        return {
            "QSTASH_URL": self.url,
            "QSTASH_TOKEN": self.token,
            "QSTASH_CURRENT_SIGNING_KEY": keys.current,
            "QSTASH_NEXT_SIGNING_KEY": keys.next,
        }

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return once it holds; looked at whenever something became of a message."""
        await self.parts.events.until(condition)

    async def settled(self) -> None:
        """Return once no message is under way, nor will be but by schedules. One behind a paused
        flow-control key or in a paused queue never settles."""
        await self.until(lambda: self.parts.dispatcher.settled)


@asynccontextmanager
async def local_qstash(
    options: QStashOptions | None = None, faults: Faults | None = None
) -> AsyncIterator[LocalQStash]:
    """It runs while the context is open, in the running loop.

    Raises:
        ConfigurationError: it cannot be as the options say, or the port is taken.
    """
    options = options or QStashOptions()
    options.check()
    with _bound(options.host, options.port) as bound:
        parts = QStashParts.made(options, faults or Faults())
        try:
            async with _served(build_qstash_app(parts, options.token), bound):
                yield LocalQStash(_url_of(bound), options, parts)
        finally:
            await parts.close()


@contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    with ExitStack() as opened:
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                host.strip("[]"), port, type=socket.SOCK_STREAM
            )[0]
            # With its protocol: asyncio has only those send at once what is small (TCP_NODELAY),
            # and an answer's body would wait 40 ms for an acknowledgement of its head.
            bound = opened.enter_context(socket.socket(family, kind, protocol))
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
            bound.listen(_BACKLOG)
        except OSError as error:
            raise ConfigurationError(
                f"The QStash for development cannot listen on {host} port {port}: {error.strerror}."
                " Choose another with --port."
            ) from None
        yield bound


def _url_of(bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self.stop = asyncio.Event()

    async def main_loop(self) -> None:
        """Uvicorn's own looks ten times a second whether it is to stop."""
        await self.stop.wait()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:  # signals are the command's business
        yield


@asynccontextmanager
async def _served(app: ASGIApp, bound: socket.socket) -> AsyncIterator[None]:
    server = _Server(
        uvicorn.Config(
            app,
            backlog=_BACKLOG,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=_DRAIN,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[bound]))
    ready = asyncio.create_task(server.ready.wait())
    try:
        await asyncio.wait({serving, ready}, return_when=asyncio.FIRST_COMPLETED)
        yield
    finally:
        ready.cancel()
        server.should_exit = True
        server.stop.set()
        await serving
