"""Two worker processes: what they tell, added up, is what the database says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from app.bootstrap import Urls
from app.settings import Settings
from tests.cli.command import stop, wait_for
from tests.metrics import families
from tests.metrics.families.counted import Counted
from tests.metrics.scraping import SECRET, Scrape, added, scraped_at, until
from tests.support.processes.family_worker import family_worker
from tests.support.servers.ports import free_port
from tests.support.service import Opener, Sluice

FAMILIES = Path(families.__file__).parent
OUTCOMES = ("succeeded", "failed", "skipped", "cancelled", "timed_out")


@contextmanager
def worker(urls: Urls, settings: Settings, folder: Path) -> Iterator[int]:
    """The port at which its metrics are."""
    port = free_port()
    log = folder / f"worker-{port}.log"
    env = {
        "SLUICE_METRICS_PORT": str(port),
        "SLUICE_METRICS_TOKEN": SECRET,
        "SLUICE_WORKER_CONCURRENCY": "4",
    }
    with family_worker(FAMILIES, urls, settings.redis_prefix, log, env) as process:
        wait_for("metrics_served", log, process)
        yield port
        assert stop(process) == 0, log.read_text()


async def counted(sluice: Sluice, run_id: str) -> dict[str, int]:
    run = await sluice.run(run_id)
    return {name: number for name in OUTCOMES if (number := getattr(run, name))}


async def test_during_a_run_and_after_it_the_sums_are_the_databases(
    opener: Opener, settings: Settings, urls: Urls, tmp_path: Path
) -> None:
    async with opener(Counted()) as sluice:
        await sluice.add_users(400)
        with ExitStack() as stack:
            ports = [stack.enter_context(worker(urls, settings, tmp_path)) for _ in range(2)]
            run_id = await sluice.start()
            seen: list[dict[str, float]] = []

            async def scrapes() -> list[Scrape]:
                return [await scraped_at(port) for port in ports]

            async def told() -> dict[str, float]:
                return added(await scrapes(), "outcome", "sluice_items_total", family="counted")

            async def grows() -> bool:
                """Never ahead of what has been committed, and never less than before."""
                now, rows = await told(), await counted(sluice, run_id)
                assert all(number <= rows[outcome] for outcome, number in now.items())
                former = seen[-1] if seen else {}
                assert all(number <= now[outcome] for outcome, number in former.items())
                seen.append(now)
                return (await sluice.run(run_id)).finished_at is not None

            await until(grows)
            assert any(0 < sum(one.values()) < 400 for one in seen)  # also amid the run

            async def equal() -> bool:
                return await told() == await counted(sluice, run_id)

            await until(equal)
            assert await told() == {"succeeded": 320, "failed": 40, "skipped": 40}
            each = await scrapes()
            ended = added(each, "status", "sluice_runs_ended_total", family="counted")
            assert ended == {"partial": 1}
            for name, number in (("item_retries", 40), ("item_claims", 440)):
                metric = f"sluice_{name}_total"
                assert sum(one.value(metric, family="counted") for one in each) == number
            # Both had a part in it, and neither tells of the service as a whole.
            assert all(one.value("sluice_item_claims_total", family="counted") > 0 for one in each)
            assert not any("sluice_workers" in one.text for one in each)
            assert all(one.value("process_resident_memory_bytes") > 0 for one in each)
