"""The process that takes an event is killed before the event's run is there: the run comes once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import httpx2
import pytest

from app.qstash_dev.options import QStashOptions
from app.qstash_dev.server import local_qstash
from app.store.runs import overlap
from app.workflows.contract.job_family import AnyFamily
from tests.chaos.called_app import called_app
from tests.qstash.called_service import settings_of
from tests.support.http import OPS, bearer
from tests.support.patience import PATIENCE
from tests.support.servers.ports import free_port
from tests.support.service import Opener
from tests.workflows.events.heard import Alone, runs

pytestmark = pytest.mark.slow

EVENT = {"name": "user/registered", "data": {"user": {"id": "u00002"}}, "id": "e1"}


def families() -> Sequence[AnyFamily]:
    return [Alone()]


async def test_an_event_whose_process_dies_before_the_run_is_started_once(opener: Opener) -> None:
    port = free_port()
    async with local_qstash(QStashOptions()) as qstash:
        settings = settings_of(qstash, f"http://127.0.0.1:{port}")
        async with opener(*families(), **settings) as sluice:
            await sluice.add_users(3)
            told = sluice.service.settings
            async with (
                called_app(told, opener.urls, port, families) as running,
                httpx2.AsyncClient(
                    base_url=running.url, headers=bearer(OPS), timeout=PATIENCE, trust_env=False
                ) as client,
            ):
                async with sluice.service.database.begin() as tx:
                    # Where the start of a run waits for its turn.
                    await overlap.lock(tx, Alone.name)
                    call = asyncio.create_task(client.post("/api/events", json=EVENT))
                    await sluice.held_up()
                    [[waits]] = await sluice.sql(
                        "SELECT count(*) FROM sluice.event_start WHERE settled_at IS NULL"
                    )
                    await running.kill()
                with pytest.raises(httpx2.HTTPError):
                    await call
                assert waits == 1
                assert await runs(sluice) == []
                await running.start()
                answer = await client.post("/api/events", json=EVENT)
                assert (answer.status_code, answer.json()["events"][0]["duplicate"]) == (200, True)
                ticks = (client.post("/api/qstash/tick") for _ in range(3))
                for tick in await asyncio.gather(*ticks):
                    tick.raise_for_status()
                [run] = await runs(sluice)
                ended = await sluice.ended(run.id)
                assert len(await runs(sluice)) == 1
    assert (ended.status, ended.succeeded, ended.item_ids) == ("succeeded", 1, ["u00002"])
