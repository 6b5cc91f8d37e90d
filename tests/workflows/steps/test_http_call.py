"""``ctx.call``: an HTTP call as a step, on a real socket."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from app.store.items.failures import RetrySelection
from app.store.statuses import ItemStatus
from app.workflows.contract.steps.http_response import HttpResponse
from app.workflows.family import Backoff, Context, StepFailed
from app.workflows.http_call import LARGEST_BODY, idempotency_key
from tests.support.clocks.virtual_time import pass_by
from tests.support.network.llm_server import Server, response
from tests.support.patience import PATIENCE
from tests.support.service import Opener
from tests.support.stepped import Stepped, items_at, remembered, time_passes

QUICK = Backoff(initial=timedelta(milliseconds=20), longest=timedelta(milliseconds=50))
GOOD = response(201, b'{"id": 7}', "Location: /posts/7", "Set-Cookie: session=secret")


@pytest.fixture
def server(server: Server) -> Server:
    server.answers = [GOOD]
    return server


class Calling(Stepped):
    """Posts, and keeps the answer."""

    def __init__(self, server: Server, attempts: int = 5, timeout: float = 5.0) -> None:
        self.server, self.tries, self.limit = server, attempts, timeout
        super().__init__(self._post)

    async def _post(self, item: str, ctx: Context) -> HttpResponse:
        return await ctx.call(
            "post", "post", f"http://ada:secret@127.0.0.1:{self.server.port}/posts?key=secret",
            json={"item": item}, attempts=self.tries, backoff=QUICK, timeout=self.limit,
        )  # fmt: skip


def keys(server: Server) -> list[str]:
    return [headers["idempotency-key"] for _, headers, _ in server.requests]


async def test_an_answer_is_remembered_with_its_status_headers_and_body(
    opener: Opener, server: Server
) -> None:
    family = Calling(server)
    async with opener(family) as sluice:
        run = await sluice.played()
        [step] = await remembered(sluice, run.id)
    assert run.status == "succeeded"
    answer = family.results["u00001"]
    assert (answer.status, answer.json(), answer.ok) == (201, {"id": 7}, True)
    assert answer.headers["location"] == "/posts/7"
    [(first, headers, body)] = server.requests
    assert first == "POST /posts?key=secret HTTP/1.1"
    assert body == b'{"item":"u00001"}'
    assert headers["idempotency-key"] == idempotency_key("stepped", run.id, "u00001", "post")
    assert (step.kind, step.status) == ("call", "done")
    assert step.payload == f'"POST http://127.0.0.1:{server.port}/posts"'
    assert "secret" not in (step.result or "")


async def test_what_may_pass_is_tried_again_with_the_same_key_and_costs_no_attempt(
    opener: Opener, server: Server
) -> None:
    server.answers = [response(503, b"busy"), response(500, b""), response(408, b""), GOOD]
    async with opener(Calling(server)) as sluice:
        run = await sluice.played()
        [item] = await sluice.items(run.id)
        [step] = await remembered(sluice, run.id)
    assert run.status == "succeeded"
    assert (item.attempts, step.attempts) == (1, 4)
    assert len(set(keys(server))) == 1


async def test_retry_after_is_honoured_without_a_slot(opener: Opener, server: Server) -> None:
    server.answers = [response(429, b"slow down", "Retry-After: 600"), GOOD]
    async with opener(Calling(server)) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
            await time_passes(sluice, timedelta(seconds=300))
            assert len(server.requests) == 1
            await time_passes(sluice, timedelta(seconds=300))
            run = await sluice.ended(run_id)
    assert run.status == "succeeded"
    assert len(server.requests) == 2


async def test_a_server_that_does_not_answer_in_time_is_tried_again(
    opener: Opener, server: Server
) -> None:
    server.answers = [None, GOOD]
    async with opener(Calling(server, timeout=30)) as sluice:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker(), asyncio.timeout(PATIENCE):
            while not server.requests:
                await asyncio.sleep(0.01)
            pass_by(30)
            run = await sluice.ended(run_id)
        [step] = await remembered(sluice, run.id)
    assert (run.status, step.attempts) == ("succeeded", 2)


async def test_an_answer_that_blames_the_request_is_the_answer(
    opener: Opener, server: Server
) -> None:
    server.answers = [response(404, b"no such thing")]
    family = Calling(server)
    async with opener(family) as sluice:
        await sluice.played()
    assert len(server.requests) == 1
    assert (family.results["u00001"].status, family.results["u00001"].ok) == (404, False)
    assert family.results["u00001"].text == "no such thing"


async def test_when_no_try_works_the_item_fails_and_shows_no_secret(
    opener: Opener, server: Server
) -> None:
    server.answers = [response(500, b"secret")]
    async with opener(Calling(server, attempts=2)) as sluice:
        run = await sluice.played()
        [item] = await sluice.items(run.id)
    assert (item.status, item.attempts, len(server.requests)) == ("failed", 2, 4)
    where = f"POST http://127.0.0.1:{server.port}/posts answered 500."
    assert item.error_message == f"Step 'post': {where}"
    assert "secret" not in (item.error_traceback or "")


async def test_a_retry_of_the_run_calls_under_the_same_key(opener: Opener, server: Server) -> None:
    server.answers = [response(500, b""), response(500, b""), GOOD]
    async with opener(Calling(server, attempts=1)) as sluice:
        await sluice.add_users(1)
        first = await sluice.start()
        async with sluice.worker():
            await sluice.ended(first)
            retried = await sluice.service.client.retry(
                sluice.bound(),
                await sluice.run(first),
                RetrySelection(),
                started_by="test",
                once=None,
            )
            again = await sluice.ended(retried.run_id)
            other = await sluice.ended(await sluice.start(force=True))
    assert (again.status, other.status) == ("succeeded", "succeeded")
    assert len(set(keys(server)[:3])) == 1
    assert keys(server)[3] != keys(server)[2]  # asked for anew, it is another call


async def test_a_body_that_is_too_large_to_remember_is_refused(
    opener: Opener, server: Server
) -> None:
    server.answers = [response(200, b"x" * (LARGEST_BODY + 1))]
    async with opener(Calling(server)) as sluice:
        run = await sluice.played()
        [item] = await sluice.items(run.id)
    assert (item.status, item.error_class, item.attempts) == ("failed", "Fatal", 1)
    assert len(server.requests) == 1


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/x", "no url", "http://", "http://[::1"])
async def test_what_is_no_url_fails_at_once(opener: Opener, url: str) -> None:
    async def script(item: str, ctx: Context) -> object:
        return await ctx.call("get", "GET", url)

    async with opener(Stepped(script)) as sluice:
        run = await sluice.played()
        [item] = await sluice.items(run.id)
    assert (item.status, item.error_class, item.attempts) == ("failed", "Fatal", 1)


async def test_a_call_that_reads_has_no_key(opener: Opener, server: Server) -> None:
    async def script(item: str, ctx: Context) -> object:
        try:
            return await ctx.call("get", "GET", f"http://127.0.0.1:{server.port}/", attempts=1)
        except StepFailed:
            return None

    async with opener(Stepped(script)) as sluice:
        await sluice.played()
    [(first, headers, _)] = server.requests
    assert first == "GET / HTTP/1.1"
    assert "idempotency-key" not in headers
