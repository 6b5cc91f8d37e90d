"""The service that the browser visits: the API, the console and one worker in a process of their
own, as ``sluice serve --worker`` has them, over the families of these tests.

Run as ``python -m tests.e2e.support.service DATABASE PORT WORKERS FAMILIES``; servers and settings
are those of the environment.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvloop
from fastapi import FastAPI
from sqlalchemy import text

from app.api.app import build_app
from app.bootstrap import Urls, open_service
from app.cli.demo.embeddings import EmbedTexts
from app.cli.demo.tenants import RemindInvoices
from app.cli.server.signals import Ending
from app.cli.server.uvicorn import bind, listening
from app.logs import configure_logs
from app.migrate import ensure_database, migrate
from app.settings import load_settings
from app.workflows.contract.job_family import AnyFamily
from tests.e2e.support.families import USERS, Bills, Cards, Greetings, Letters, Reports, Visits
from tests.e2e.support.invoices import Invoices
from tests.e2e.support.line import Digests, Readings, Tariffs
from tests.e2e.support.offers import Offers
from tests.e2e.support.parcels import Parcels
from tests.e2e.support.sketches import Sketches
from tests.support.users import make_users_table

_PEOPLE = text(
    "INSERT INTO tests.users (id, name, active, paid)"
    " SELECT id, 'Name of ' || id, true, right(id, 1) = '0'"
    " FROM (SELECT 'u' || lpad(n::text, 5, '0') AS id"
    " FROM generate_series(1, CAST(:users AS int)) AS n) AS ids ON CONFLICT DO NOTHING"
)


def families_of(which: str) -> list[AnyFamily]:
    if which == "demos":
        return [RemindInvoices(), EmbedTexts()]
    return [
        Greetings(),
        Bills(),
        Letters(),
        Cards(),
        Reports(),
        Sketches(),
        Visits(),
        Readings(),
        Tariffs(),
        Digests(),
        Offers(),
        Parcels(),
        Invoices(),
    ]


async def main(database: str, port: str, workers: str, which: str) -> None:
    settings = load_settings(None)
    configure_logs(settings.log_level, settings.log_format)
    dsn = await ensure_database(settings.database_url or "", database)
    await migrate(dsn)
    await make_users_table(dsn)
    families = families_of(which)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_service(settings, Urls(dsn, settings.redis_url or ""), families) as service:
            async with service.database.begin() as tx:
                await tx.execute(_PEOPLE, {"users": USERS})
            app.state.api = service.api
            started = [service.worker() for _ in range(int(workers))]
            running = [asyncio.create_task(worker.run()) for worker in started]
            yield
            for worker in started:
                worker.stop()
            await asyncio.gather(*running)

    app = build_app(families, settings.tokens, lifespan=lifespan, root_path=settings.root_path)
    stop = asyncio.Event()
    ending = Ending(settings.stop_timeout)
    with bind("127.0.0.1", int(port)) as bound, ending.on_signal(stop.set):
        async with listening(app, bound, stop_timeout=settings.stop_timeout):
            print("ready", flush=True)  # noqa: T201 - what the parent waits for
            await stop.wait()


if __name__ == "__main__":
    uvloop.run(main(*sys.argv[1:]))
