"""What one token may have under way at once, over a real socket."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx2

from app.api.admission.call_limits import LOOKS
from app.store.pools import OWN_CONNECTIONS
from app.workflows.family import Context
from tests.api.admission.few_places import ONE, OTHER, TOKENS, SlowlyFiltered, bounded, places
from tests.support.families import Recording
from tests.support.held import Held
from tests.support.http import assert_problem, bearer
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice

COVERAGE = "/api/families/recording/coverage"
PROCESS = "/api/workflows/recording/process-users"
EXECUTE = "/api/workflows/recording/record-user"
RUNS = "/api/runs"


@asynccontextmanager
async def caller(url: str, secret: str = ONE) -> AsyncIterator[httpx2.AsyncClient]:
    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(
        base_url=url, headers=bearer(secret), limits=limits, timeout=30
    ) as client:
        yield client


@asynccontextmanager
async def under_way(*calls: asyncio.Task[httpx2.Response]) -> AsyncIterator[None]:
    """Calls that the client gives up at the end."""
    try:
        yield
    finally:
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)


def asked(
    client: httpx2.AsyncClient, path: str, number: int = 1
) -> list[asyncio.Task[httpx2.Response]]:
    return [asyncio.create_task(client.get(path)) for _ in range(number)]


def assert_told_to_come_again(answer: httpx2.Response) -> None:
    document = assert_problem(answer, 429)
    assert "Try again" in document["detail"]
    assert int(answer.headers["retry-after"]) >= 1


async def test_of_a_hundred_counts_at_once_few_are_made_and_another_tokens_is_among_them(
    opener: Opener,
) -> None:
    family = SlowlyFiltered()
    async with opener(family, tokens=TOKENS) as sluice:
        await sluice.add_users(3)
        limits = bounded(sluice, calls=places(200), counts=places(2, 3))
        async with limits as url, caller(url) as one, caller(url, OTHER) as other:
            crowd = asked(one, COVERAGE, 100)
            await family.until_inside(2)
            mine = asked(other, COVERAGE)
            await family.until_inside(3)
            refused, _ = await asyncio.wait(crowd, timeout=PATIENCE, return_when="FIRST_COMPLETED")
            assert_told_to_come_again(next(iter(refused)).result())
            family.let_go.set()
            answers = Counter([answer.status_code for answer in await asyncio.gather(*crowd)])
            assert answers.keys() <= {200, 429}
            assert answers[200] >= 2
            assert (await mine[0]).status_code == 200
    assert family.most == 3


async def test_dry_runs_and_counts_share_their_places(opener: Opener) -> None:
    family = SlowlyFiltered()
    async with opener(family, tokens=TOKENS) as sluice:
        await sluice.add_users(1)
        async with bounded(sluice, counts=places(1)) as url, caller(url) as one:
            [held] = asked(one, COVERAGE)
            async with under_way(held):
                await family.until_inside(1)
                assert_told_to_come_again(await one.get(COVERAGE))
                assert_told_to_come_again(await one.post(PROCESS, json={"dryRun": True}))
                # What was recorded is read, and nothing is counted for it.
                recorded = await one.get(COVERAGE, params={"now": False})
                assert recorded.status_code == 200


async def test_previews_have_places_of_their_own(opener: Opener) -> None:
    family = Held()
    async with opener(family, tokens=TOKENS) as sluice:
        first, second = await sluice.add_users(2)
        limits = bounded(sluice, counts=places(1), previews=places(1))
        async with limits as url, caller(url) as one, caller(url, OTHER) as other:

            async def preview(client: httpx2.AsyncClient, user: str) -> httpx2.Response:
                return await client.post(EXECUTE, json={"userId": user, "dryRun": True})

            held = asyncio.create_task(preview(one, first))
            async with under_way(held):
                await family.until_inside(1)
                assert_told_to_come_again(await preview(one, second))
                assert (await one.get(COVERAGE)).status_code == 200
                theirs = asyncio.create_task(preview(other, second))
                await family.until_inside(2)
                family.let_go.set()
                assert (await held).status_code == (await theirs).status_code == 200


@asynccontextmanager
async def stream(client: httpx2.AsyncClient, run_id: str) -> AsyncIterator[httpx2.Response]:
    headers = {"Accept": "text/event-stream"}
    async with client.stream("GET", f"{RUNS}/{run_id}/events", headers=headers) as answer:
        yield answer


async def test_streams_are_counted_for_as_long_as_somebody_follows(opener: Opener) -> None:
    async with opener(Recording(), tokens=TOKENS) as sluice:
        run_id = await sluice.start()
        limits = bounded(sluice, calls=places(1), streams=places(2, 3, patience=2))
        async with limits as url, caller(url) as one, caller(url, OTHER) as other:
            async with (
                stream(one, run_id) as first,
                stream(one, run_id) as second,
                stream(other, run_id) as theirs,
            ):
                assert {first.status_code, second.status_code, theirs.status_code} == {200}
                # One that is followed takes nothing from the calls.
                assert (await one.get(RUNS)).status_code == 200
                async with stream(one, run_id) as refused:
                    await refused.aread()
                    assert_told_to_come_again(refused)
                async with stream(other, run_id) as refused:
                    await refused.aread()
                    assert "There are 3 of them" in assert_problem(refused, 429)["detail"]
            # They have left.
            async with stream(one, run_id) as first, stream(one, run_id) as second:
                assert first.status_code == second.status_code == 200


@asynccontextmanager
async def runs_locked(sluice: Sluice) -> AsyncIterator[None]:
    """Whoever reads runs waits."""
    async with sluice.service.database.begin() as tx:
        await tx.exec_driver_sql("LOCK TABLE sluice.run IN ACCESS EXCLUSIVE MODE")
        yield


async def _waiting_for_a_lock(sluice: Sluice, number: int) -> None:
    query = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(PATIENCE):
        while (await sluice.sql(query))[0][0] != number:
            await asyncio.sleep(0.02)


async def test_streams_that_wait_for_the_database_leave_others_its_connections(
    opener: Opener,
) -> None:
    async with opener(Recording(), tokens=TOKENS) as sluice:
        run_id = await sluice.start()
        async with bounded(sluice) as url, caller(url) as one, AsyncExitStack() as followed:
            for _ in range(2 * OWN_CONNECTIONS):
                answer = await followed.enter_async_context(stream(one, run_id))
                assert answer.status_code == 200
            async with runs_locked(sluice):
                await _waiting_for_a_lock(sluice, LOOKS)
                for _ in range(3):
                    assert (await one.get("/api/schedules")).status_code == 200
                await _waiting_for_a_lock(sluice, LOOKS)


async def test_a_tokens_calls_wait_for_one_another_and_not_another_tokens(opener: Opener) -> None:
    async with opener(Recording(), tokens=TOKENS) as sluice:
        limits = bounded(sluice, calls=places(2))
        async with limits as url, caller(url) as one, caller(url, OTHER) as other:
            async with runs_locked(sluice):
                held = asked(one, RUNS, 2)
                await _waiting_for_a_lock(sluice, 2)
                assert_told_to_come_again(await one.get("/api/session"))
                assert (await other.get("/api/session")).status_code == 200
                assert (await one.get("/readyz")).status_code == 200
            assert [answer.status_code for answer in await asyncio.gather(*held)] == [200, 200]


async def test_calls_that_take_long_leave_room_for_the_tokens_others(opener: Opener) -> None:
    family = SlowlyFiltered()
    async with opener(family, tokens=TOKENS) as sluice:
        await sluice.add_users(1)
        limits = bounded(sluice, calls=places(1), counts=places(1, patience=30))
        async with limits as url, caller(url) as one:
            held, in_line = asked(one, COVERAGE, 2)
            async with under_way(held, in_line):
                await family.until_inside(1)
                assert (await one.get(RUNS)).status_code == 200


async def test_a_session_counts_with_the_token_that_it_was_opened_with(opener: Opener) -> None:
    family = SlowlyFiltered()
    async with opener(family, tokens=TOKENS) as sluice:
        await sluice.add_users(1)
        limits = bounded(sluice, counts=places(1))
        async with limits as url, caller(url) as one, httpx2.AsyncClient(base_url=url) as browser:
            signed_in = await browser.post("/api/session", json={"token": ONE})
            assert signed_in.status_code == 200
            [held] = asked(one, COVERAGE)
            async with under_way(held):
                await family.until_inside(1)
                assert_told_to_come_again(await browser.get(COVERAGE))


async def test_work_ends_with_the_caller_and_its_place_is_free(opener: Opener) -> None:
    family = SlowlyFiltered()
    async with opener(family, tokens=TOKENS) as sluice:
        await sluice.add_users(1)
        async with bounded(sluice, counts=places(1, patience=10)) as url, caller(url) as one:
            for path in (COVERAGE, COVERAGE):
                [held] = asked(one, path)
                async with under_way(held):
                    await family.until_inside(1)
                await family.until_inside(0)
            family.let_go.set()
            assert (await one.get(COVERAGE)).status_code == 200


async def test_a_preview_ends_with_its_caller(opener: Opener) -> None:
    family = Held()
    async with opener(family, tokens=TOKENS) as sluice:
        [user] = await sluice.add_users(1)
        body = {"userId": user, "dryRun": True}
        async with bounded(sluice, previews=places(1, patience=10)) as url, caller(url) as one:
            held = asyncio.create_task(one.post(EXECUTE, json=body))
            async with under_way(held):
                await family.until_inside(1)
            async with asyncio.timeout(PATIENCE):
                while family.inside:
                    await asyncio.sleep(0.005)
            family.let_go.set()
            assert (await one.post(EXECUTE, json=body)).status_code == 200


class SlowQuery(Recording):
    """Whose filter Postgres takes for ever over."""

    async def existing(self, ids: object, params: object, ctx: Context) -> set[str]:
        async with ctx.session() as session:
            await (await session.connection()).exec_driver_sql("SELECT pg_sleep(600)")
        return set()


async def _sleeping(sluice: Sluice, number: int) -> None:
    """Wait until Postgres is at so many of them."""
    query = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND query = 'SELECT pg_sleep(600)' AND state = 'active'"
    )
    async with asyncio.timeout(PATIENCE):
        while (await sluice.sql(query))[0][0] != number:
            await asyncio.sleep(0.02)


async def test_postgres_is_told_too_when_the_caller_has_left(opener: Opener) -> None:
    async with opener(SlowQuery(), tokens=TOKENS) as sluice:
        await sluice.add_users(1)
        async with bounded(sluice) as url, caller(url) as one:
            [held] = asked(one, COVERAGE)
            async with under_way(held):
                await _sleeping(sluice, 1)
            await _sleeping(sluice, 0)


class Broken(Recording):
    async def existing(self, *_: object) -> set[str]:
        raise RuntimeError("it is broken")


async def test_a_call_that_fails_gives_its_place_back(opener: Opener) -> None:
    async with opener(Broken(), tokens=TOKENS) as sluice:
        await sluice.add_users(1)
        async with bounded(sluice, calls=places(1), counts=places(1)) as url, caller(url) as one:
            for _ in range(3):
                assert_problem(await one.get(COVERAGE), 502)


async def test_while_a_token_does_its_worst_others_calls_and_probes_are_answered(
    opener: Opener,
) -> None:
    """All of its places are taken, and its line is full of calls of each kind."""
    family, previewed = SlowlyFiltered(), Held()
    previewed.name = "held"  # type: ignore[misc]  # beside the other
    follow = {"Accept": "text/event-stream"}
    async with opener(family, previewed, tokens=TOKENS, pool_size=2) as sluice:
        [user] = await sluice.add_users(1)
        run_id = await sluice.start()
        async with bounded(sluice) as url, caller(url) as one, caller(url, OTHER) as other:

            def worst() -> list[httpx2.Request]:
                preview = {"userId": user, "dryRun": True}
                return [
                    one.build_request("GET", COVERAGE),
                    one.build_request("POST", PROCESS, json={"dryRun": True}),
                    one.build_request("POST", "/api/workflows/held/record-user", json=preview),
                    one.build_request("GET", f"{RUNS}/{run_id}/events", headers=follow),
                ]

            calls = [
                asyncio.create_task(one.send(request, stream=True))
                for _ in range(60)
                for request in worst()
            ]
            async with under_way(*calls):
                most = sluice.service.settings.long_calls_per_token
                await family.until_inside(most)
                for _ in range(5):
                    assert (await other.get(RUNS)).status_code == 200
                    assert (await other.get("/readyz")).status_code == 200
                assert family.inside == most  # the other's calls waited for none of these
            previewed.let_go.set()
            family.let_go.set()
