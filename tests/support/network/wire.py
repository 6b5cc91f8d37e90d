"""A relay to Postgres that passes on what it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from app.connections.postgres_url import PostgresUrl


class Wire:
    """Connections that stand while less and less gets through.

    Args:
        url: of Postgres.
    """

    def __init__(self, url: PostgresUrl) -> None:
        self._url = url
        self._heard = self._answered = True
        self._cut = False
        self._tasks: list[asyncio.Task[None]] = []
        self._writers: list[asyncio.StreamWriter] = []

    async def relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._cut:
            writer.close()
            return
        self._heard = self._answered = True  # what comes after is passed on
        answers, behind = await self._behind()
        self._writers += [writer, behind]
        self._tasks += [
            asyncio.create_task(self._pump(reader, behind, answers=False)),
            asyncio.create_task(self._pump(answers, writer, answers=True)),
        ]

    def forget(self) -> None:
        """Pass nothing on, as firewalls do that forget a connection."""
        self._heard = self._answered = False

    def keep_answers(self) -> None:
        """Pass no answers on, as if the process that is to read them hung."""
        self._answered = False

    def cut(self) -> None:
        """End all connections, and let nobody connect any more."""
        self._cut = True
        for writer in self._writers:
            writer.close()

    async def aclose(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.close()

    async def _behind(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = self._url.hosts[0]
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port or 5432}")
        return await asyncio.open_connection(host or "localhost", port or 5432)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        while data := await reader.read(65536):
            if not (self._answered if answers else self._heard):
                return
            writer.write(data)
        writer.close()


@asynccontextmanager
async def wire_to(dsn: str) -> AsyncIterator[tuple[Wire, str]]:
    """One that runs, and the dsn of Postgres through it."""
    url = PostgresUrl.parse(dsn)
    wire = Wire(url)
    server = await asyncio.start_server(wire.relay, "127.0.0.1", 0)
    hosts = (("127.0.0.1", server.sockets[0].getsockname()[1]),)
    try:
        yield wire, str(replace(url, hosts=hosts, driver={"sslmode": "disable"}))
    finally:
        await wire.aclose()
        server.close()
