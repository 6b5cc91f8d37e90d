"""The family ``welcome-placeholder`` with a language model behind a real socket."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from pydantic import SecretStr

from app.workflows.families.welcome_placeholder import WelcomePlaceholders
from app.workflows.family import Backoff
from tests.support.control import paused
from tests.support.network.llm_server import GOOD, LINES, Server, completion, response
from tests.support.service import Opener
from tests.workflows.families.example_users import add_users

pytestmark = pytest.mark.usefixtures("no_proxy")

KEY = SecretStr("sk-secret-0123")
LIMITED = response(429, b"{}", "Retry-After: 1")


class Impatient(WelcomePlaceholders):
    backoff = Backoff(initial=timedelta(milliseconds=10))


async def test_lines_of_the_model_are_kept_in_redis_and_in_the_table(
    opener: Opener, server: Server
) -> None:
    async with opener(Impatient(), llm_base_url=server.url, llm_model="small-1") as sluice:
        [user] = await add_users(sluice, 1)
        async with sluice.worker():
            run = await sluice.ended(await sluice.start())
        [(lines, writer)] = await sluice.sql("SELECT lines, writer FROM welcome_placeholder")
        key = f"{opener.settings.redis_prefix}:welcome-placeholder:{user}"
        cached = await sluice.service.redis.get(key)
        lifetime = await sluice.service.redis.ttl(key)
    assert run.status == "succeeded"
    assert (lines, writer) == (LINES[:4], "small-1")
    assert json.loads(cached or "") == lines
    assert lifetime > 29 * 24 * 3600


async def test_a_429_puts_the_item_off_as_long_as_the_endpoint_asks(
    opener: Opener, server: Server
) -> None:
    server.answers = [LIMITED, GOOD]
    async with opener(Impatient(), llm_base_url=server.url) as sluice:
        await add_users(sluice, 1)
        async with sluice.worker():
            run = await sluice.ended(await sluice.start())
        [row] = await sluice.items(run.id)
    assert (row.status, row.attempts, row.postponements) == ("succeeded", 1, 1)
    assert row.finished_at is not None
    assert (row.finished_at - row.scheduled_at).total_seconds() >= 1


async def test_rubbish_from_the_model_is_a_retried_failure_that_keeps_its_text(
    opener: Opener, server: Server
) -> None:
    server.answers = [response(200, completion("Sure! Here are some lines: " + "la " * 2_000))]
    async with opener(Impatient(), llm_base_url=server.url) as sluice:
        await add_users(sluice, 1)
        async with sluice.worker():
            run = await sluice.ended(await sluice.start())
        [row] = await sluice.items(run.id)
    assert (run.status, row.error_class, row.attempts) == ("failed", "LlmReplyInvalid", 5)
    assert "Sure! Here are some lines" in str(row.error_message)
    assert len(str(row.error_message)) < 2_001


async def test_a_refused_key_pauses_the_run_and_burns_no_item(
    opener: Opener, server: Server
) -> None:
    server.answers = [response(401, b'{"error": {"message": "bad key sk-secret-0123"}}')]
    async with opener(Impatient(), llm_base_url=server.url, llm_api_key=KEY) as sluice:
        await add_users(sluice, 1)
        async with sluice.worker():
            run = await paused(sluice, await sluice.start())
            [row] = await sluice.items(run.id)
            assert (run.reason, row.status, row.attempts) == ("systemic", "pending", 0)
            assert "LLM_API_KEY" in str(run.detail)
            assert KEY.get_secret_value() not in str(run.detail)
            server.answers = [GOOD]
            await sluice.service.api.control.resume(run.id, by="ops")
            run = await sluice.ended(run.id)
    assert (run.status, len(server.requests)) == ("succeeded", 2)


async def test_a_request_that_is_refused_for_itself_fails_at_once(
    opener: Opener, server: Server
) -> None:
    server.answers = [response(400, b'{"error": {"message": "no such field"}}')]
    async with opener(Impatient(), llm_base_url=server.url) as sluice:
        await add_users(sluice, 1)
        async with sluice.worker():
            run = await sluice.ended(await sluice.start())
        [row] = await sluice.items(run.id)
    assert (row.status, row.error_class, row.attempts) == ("failed", "LlmRefused", 1)
    assert len(server.requests) == 1


async def test_the_tokens_that_a_text_cost_are_counted_even_when_it_cannot_be_used(
    opener: Opener, server: Server
) -> None:
    def priced(content: str, tokens: object) -> bytes:
        reply = json.loads(completion(content))
        return response(200, json.dumps({**reply, "usage": {"total_tokens": tokens}}).encode())

    good = json.dumps({"lines": LINES})
    server.answers = [priced("rubbish", 30), priced(good, "many"), priced(good, 50)]
    async with opener(Impatient(), llm_base_url=server.url) as sluice:
        await add_users(sluice, 3)
        async with sluice.worker():
            run = await sluice.ended(await sluice.start())
    assert (run.succeeded, run.spent_tokens) == (3, 30 + 0 + 2 * 50)
