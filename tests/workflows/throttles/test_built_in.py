"""The checks that come with Sluice, each against the real thing."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import text
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from app.workflows.family import (
    Context,
    DeadTuples,
    HealthAddress,
    LongTransactions,
    ReplicationLag,
)
from app.workflows.throttles import health_address
from tests.support.families import Recording
from tests.support.http import serving
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice
from tests.workflows.throttles.throttled_family import holds_of


def context(sluice: Sluice) -> Context:
    return Context(sluice.service.services, "recording")


@asynccontextmanager
async def open_transaction(sluice: Sluice) -> AsyncIterator[int]:
    """Of a connection that then says nothing; its process."""
    async with sluice.service.pools.worked.connect() as connection:
        pid = (await connection.scalars(text("SELECT pg_backend_pid()"))).one()
        yield pid


async def test_without_a_replica_there_is_no_lag(opener: Opener) -> None:
    async with opener(Recording()) as sluice:
        assert await ReplicationLag(timedelta(seconds=1))(context(sluice)) is None


async def test_a_transaction_that_is_open_for_too_long_is_told_until_it_ends(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice:
        ctx = context(sluice)
        check, patient = (LongTransactions(timedelta(seconds=seconds)) for seconds in (0.05, 3_600))
        assert await check(ctx) is None
        async with open_transaction(sluice) as pid:
            async with asyncio.timeout(PATIENCE):
                while (told := await check(ctx)) is None:
                    await asyncio.sleep(0.01)
            assert re.fullmatch(
                rf"a transaction has been open for [\d.]+ s \(of process {pid}.*\)", told
            )
            assert await patient(ctx) is None
        assert await check(ctx) is None


async def test_dead_rows_of_the_items_are_told_until_they_are_gone(opener: Opener) -> None:
    async with opener(Recording()) as sluice:
        ctx, check = context(sluice), DeadTuples(most=1_000)
        await _vacuumed(sluice, check)  # of what other tests have left
        await sluice.sql("ALTER TABLE sluice.item SET (autovacuum_enabled = false)")
        await sluice.sql(
            "INSERT INTO sluice.item (run_id, item_id, status)"
            " SELECT 'run_x', n::text, 'pending' FROM generate_series(1, 3000) AS n"
        )
        await sluice.sql("UPDATE sluice.item SET status = 'succeeded'")
        async with asyncio.timeout(PATIENCE):  # statistics come a little later
            while (told := await check(ctx)) is None:
                await asyncio.sleep(0.05)
        assert re.fullmatch(r"the table item has [\d,]+ dead rows, more than 1,000", told)
        await sluice.sql("DELETE FROM sluice.item")
        await _vacuumed(sluice, check)


async def _vacuumed(sluice: Sluice, check: DeadTuples) -> None:
    """Return once the check knows that nothing dead is left."""
    async with sluice.service.database.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.execute(text("VACUUM"))
    async with asyncio.timeout(PATIENCE):
        while await check(context(sluice)) is not None:
            await asyncio.sleep(0.05)


class Health:
    """An address that answers as it is told."""

    def __init__(self) -> None:
        self.answer: Response = PlainTextResponse("well")
        self.answers = asyncio.Event()
        self.answers.set()
        self.asked = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        await self.answers.wait()
        await self.answer(scope, receive, send)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (PlainTextResponse("well"), None),
        (Response(status_code=204), None),
        (PlainTextResponse("ill", 503), "answers 503"),
        (PlainTextResponse("who?", 401), "answers 401"),
        (RedirectResponse("http://127.0.0.1:9/elsewhere"), "answers 307"),
    ],
)
async def test_an_address_says_that_all_is_well_by_2xx_alone(
    opener: Opener, answer: Response, says: str | None
) -> None:
    health = Health()
    health.answer = answer
    async with opener(Recording()) as sluice, serving(health) as url:
        told = await HealthAddress(f"{url}/healthz?key=5ecret")(context(sluice))
        host = url.removeprefix("http://")
        assert told == (None if says is None else f"the health address of {host} {says}")
        assert health.asked == 1


async def test_an_address_that_is_slow_or_gone_says_no_and_its_secret_is_not_told(
    opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health_address, "ANSWER_SECONDS", 0.2)
    health = Health()
    health.answers.clear()
    async with opener(Recording()) as sluice:
        async with serving(health) as url:
            check = HealthAddress(f"{url}/5ecret?key=5ecret")
            slow = await check(context(sluice))
            health.answers.set()
        gone = await check(context(sluice))
    assert slow == f"the health address of {check.host} has not answered in 0.2 s"
    assert (gone or "").startswith(f"the health address of {check.host} cannot be reached: Connect")
    assert "5ecret" not in f"{slow}{gone}"


async def test_what_the_settings_say_holds_every_family_and_is_asked_once_for_all(
    opener: Opener,
) -> None:
    health = Health()
    health.answer = PlainTextResponse("ill", 503)
    families = [Recording() for _ in range(3)]
    for number, family in enumerate(families):
        family.name = f"family-{number}"  # type: ignore[misc]  # a class's, and here of one object
    names = [family.name for family in families]
    async with (
        serving(health) as url,
        opener(
            *families,
            throttle_health_url=SecretStr(f"{url}/healthz?key=5ecret"),
            throttle_dead_tuples=1_000_000,
            throttle_long_transactions=3_600.0,
            throttle_replication_lag=60.0,
            throttle_backoff=60.0,
        ) as sluice,
    ):
        await sluice.add_users(2)
        started = [await sluice.start(name) for name in names]
        looks = sluice.service.throttles
        assert await looks.due() == names
        await looks.look_due()
        host = url.removeprefix("http://")
        held = [(name, f"the health address of {host} answers 503") for name in names]
        assert sorted(await holds_of(sluice)) == held
        assert health.asked == 1
        assert await looks.due() == []
        health.answer = PlainTextResponse("well")
        for check in looks.checks[names[0]]:
            check._good_until = 0.0  # as if a minute had passed
        await sluice.sql("UPDATE sluice.throttle_look SET look_at = now() - interval '1 s'")
        await looks.look_due()
        assert health.asked == 2
        assert await holds_of(sluice) == []
        async with sluice.worker():
            for run_id in started:
                assert (await sluice.ended(run_id)).succeeded == 2
