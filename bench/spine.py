"""No-op items through all three layers with one worker. The last line is ``N items/s``.

Run it with ``make bench-spine``, or ``python -m bench.spine --items 20000``. Postgres and Valkey
are the embedded ones, with durable settings, on this machine. The clock runs from the trigger of
the run to the moment its row says that it ended.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import pstats
import time
from contextlib import ExitStack
from pathlib import Path

import uvloop
from sqlalchemy import Select, text
from sqlmodel import col, select

from app.bootstrap import Urls, open_service
from app.embedded.servers import servers
from app.logs import configure_logs
from app.migrate import ensure_database, migrate
from app.settings import Settings
from app.store.runs import runs
from app.store.statuses import ENDED
from app.workflows.client import RunRequest
from app.workflows.family import Context, Entity, FamilyParams, JobFamily
from tests.support.users import User, make_users_table

DATABASE = "sluice_bench"
TABLES = (
    "tests.users, sluice.run, sluice.run_event, sluice.item, sluice.step, sluice.output,"
    " sluice.message"
)


class Noop(JobFamily[FamilyParams, str, None]):
    """Does nothing, so that what remains is what Sluice itself costs."""

    name = "noop"
    entity = Entity("user", "users")

    def eligible(self, params: FamilyParams) -> Select[str]:
        return select(User.id).where(col(User.active))

    async def load(self, item_id: str, ctx: Context) -> str:
        return item_id

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> None:
        return None


async def measure(urls: Urls, items: int, settings: Settings) -> float:
    """Seconds from trigger to end."""
    await migrate(urls.database)
    await make_users_table(urls.database)
    async with open_service(settings, urls, [Noop()]) as service:
        async with service.database.begin() as tx:
            await tx.execute(text(f"TRUNCATE {TABLES} CASCADE"))
            await tx.execute(
                text(
                    "INSERT INTO tests.users (id, name, active, paid) SELECT"
                    " 'usr_' || lpad(n::text, 12, '0'), 'N', true, false"
                    " FROM generate_series(1, :items) AS n"
                ),
                {"items": items},
            )
        async with service.database.connect() as connection:
            await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(
                text("VACUUM ANALYZE")
            )
        worker = service.worker()
        working = asyncio.create_task(worker.run())
        bound = service.families["noop"]
        started = time.perf_counter()
        begun = await service.client.trigger_process(
            bound, RunRequest(params=FamilyParams()), started_by="bench"
        )
        while True:
            await asyncio.sleep(0.05)
            async with service.database.connect() as connection:
                run = await runs.get(connection, begun.run_id)
            if run.status in ENDED:
                break
        seconds = time.perf_counter() - started
        worker.stop()
        await working
    if (run.status, run.succeeded, run.scheduled) != ("succeeded", items, items):
        raise SystemExit(f"The run did not do its work: {run!r}")
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--repeat", type=int, default=3, help="the median counts")
    parser.add_argument("--profile", action="store_true", help="where the worker's time goes")
    options = parser.parse_args()
    configure_logs("warning", "console")
    settings = Settings.model_validate({"SLUICE_DATA_DIR": Path(".sluice/bench")})
    rates: list[float] = []
    with ExitStack() as stack:
        given = stack.enter_context(servers(settings))

        async def once() -> None:
            before = time.process_time()
            urls = Urls(await ensure_database(given.database, DATABASE), given.redis)
            seconds = await measure(urls, options.items, settings)
            rates.append(options.items / seconds)
            cpu = time.process_time() - before
            print(
                f"{options.items} items in {seconds:.2f} s: {rates[-1]:.0f} items/s,"
                f" {cpu / options.items * 1e6:.0f} us of the worker's processor an item"
            )

        for _ in range(options.repeat):
            with cProfile.Profile() if options.profile else ExitStack() as profile:
                uvloop.run(once())
            if isinstance(profile, cProfile.Profile):
                pstats.Stats(profile).sort_stats("tottime").print_stats(45)
    print(f"median of {options.repeat}, one worker, pages of 50, chunks of 20:")
    print(f"{sorted(rates)[len(rates) // 2]:.0f} items/s")


if __name__ == "__main__":
    main()
