"""The language model's writer, against a real HTTP server on a loopback socket."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx2
import pytest
from pydantic import BaseModel

from app.errors import ConfigurationError
from app.services.errors import (
    LlmError,
    LlmRefused,
    LlmReplyInvalid,
    LlmUnavailable,
    RateLimited,
)
from app.services.llm.chat import ChatClient, ChatMessage
from app.services.llm.chat_reply import MAX_BODY_BYTES
from app.services.llm.chat_writer import ChatWriter
from app.services.llm.placeholders import Person
from app.services.model_choice import text_writer
from tests.support.clocks.virtual_time import pass_by
from tests.support.network.llm_server import GOOD, LINES, UNWELL, Server, completion, response
from tests.support.patience import PATIENCE

KEY = "sk-test-4f9a1c7e2b"
ADA = Person("Ada Lovelace", "en-GB", ("mathematics", "tea"))


@pytest.fixture
async def chat(server: Server, http: httpx2.AsyncClient) -> ChatClient:
    return ChatClient(server.url, KEY, "small-1", timeout=2.0, wait=0.001, http=http)


async def failure(chat: ChatClient) -> LlmError:
    """The error of asking for Ada's placeholders, in which the API key must be nowhere."""
    with pytest.raises(LlmError) as caught:
        await ChatWriter(chat).placeholders(ADA)
    shown = [str(caught.value), repr(caught.value), repr(vars(caught.value)), repr(chat)]
    assert KEY not in "".join([*shown, *traceback.format_exception(caught.value)])
    return caught.value


async def test_a_valid_reply_gives_as_many_lines_as_were_asked_for(
    server: Server, chat: ChatClient
) -> None:
    writer = ChatWriter(chat)

    assert await writer.placeholders(ADA, 3) == LINES[:3]
    assert writer.name == "small-1"


async def test_the_request_is_signed_and_asks_for_strict_structured_output(
    server: Server, chat: ChatClient
) -> None:
    await ChatWriter(chat).placeholders(ADA)

    [(first, headers, body)] = server.requests
    request = json.loads(body)
    assert first == "POST /v1/chat/completions HTTP/1.1"
    assert headers["authorization"] == f"Bearer {KEY}"
    assert request["model"] == "small-1"
    assert [message["role"] for message in request["messages"]] == ["system", "user"]
    assert json.loads(request["messages"][1]["content"])["interests"] == ["mathematics", "tea"]
    assert request["response_format"]["json_schema"]["strict"] is True
    assert request["response_format"]["json_schema"]["schema"]["additionalProperties"] is False


async def test_any_model_can_be_the_shape_of_an_answer(server: Server, chat: ChatClient) -> None:
    class Draft(BaseModel):
        title: str
        words: int = 0

    server.answers = [response(200, completion('{"title": "Tea", "words": 2}'))]

    draft = await chat.complete([ChatMessage("user", "Write.")], Draft)

    assert draft == Draft(title="Tea", words=2)


async def test_long_empty_and_repeated_lines_are_left_out(server: Server, chat: ChatClient) -> None:
    written = ["Tea", " ", "x" * 81, "Tea ", "Go\nwalking", "Rest"]
    server.answers = [response(200, completion(json.dumps({"lines": written})))]

    assert await ChatWriter(chat).placeholders(ADA, 3) == ["Tea", "Go walking", "Rest"]
    with pytest.raises(LlmReplyInvalid, match=r"Only 3 of 4"):
        await ChatWriter(chat).placeholders(ADA, 4)


async def test_a_429_is_passed_on_at_once_with_the_seconds_it_asks_for(
    server: Server, chat: ChatClient
) -> None:
    body = b'{"error": {"message": "Quota exceeded."}}'
    server.answers = [response(429, body, "Retry-After: 7")]

    error = await failure(chat)

    assert isinstance(error, RateLimited)
    assert error.retry_after == timedelta(seconds=7)
    assert "Quota exceeded." in str(error)
    assert len(server.requests) == 1


async def test_a_429_may_give_a_date(server: Server, chat: ChatClient) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=90)
    header = f"Retry-After: {format_datetime(moment, usegmt=True)}"
    server.answers = [response(429, b"", header)]

    error = await failure(chat)

    assert isinstance(error, RateLimited)
    assert timedelta(seconds=80) < error.retry_after <= timedelta(seconds=90)


@pytest.mark.parametrize("headers", [(), ("Retry-After: soon",)])
async def test_a_429_that_names_no_time_waits_five_seconds(
    server: Server, chat: ChatClient, headers: tuple[str, ...]
) -> None:
    server.answers = [response(429, b"", *headers)]

    error = await failure(chat)

    assert isinstance(error, RateLimited)
    assert error.retry_after == timedelta(seconds=5)


@pytest.mark.parametrize("holds", [True, False], ids=["hangs", "breaks off"])
async def test_a_429_whose_body_does_not_come_is_still_a_429(
    server: Server, http: httpx2.AsyncClient, holds: bool
) -> None:
    server.answers = [response(429, b"slow", "Retry-After: 3", length=500)]
    server.holds = holds

    error = await failure(ChatClient(server.url, KEY, "m", timeout=4, http=http))

    assert isinstance(error, RateLimited)
    assert error.retry_after == timedelta(seconds=3)


async def test_a_503_with_retry_after_is_left_to_the_durable_layer(
    server: Server, chat: ChatClient
) -> None:
    server.answers = [response(503, b"", "Retry-After: 20")]

    error = await failure(chat)

    assert isinstance(error, RateLimited)
    assert error.retry_after == timedelta(seconds=20)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_server_that_recovers_is_asked_again_within_the_call(
    server: Server, chat: ChatClient, status: int
) -> None:
    server.answers = [response(status, b"oops"), GOOD]

    assert await ChatWriter(chat).placeholders(ADA) == LINES[:4]
    assert len(server.requests) == 2


async def test_a_server_that_stays_unwell_is_given_up_after_three_tries(
    server: Server, chat: ChatClient
) -> None:
    server.answers = [UNWELL]

    error = await failure(chat)

    assert isinstance(error, LlmUnavailable)
    assert error.answered == 500
    assert "The server had an error." in str(error)
    assert len(server.requests) == 3


async def test_other_passing_statuses_are_not_tried_again_within_the_call(
    server: Server, chat: ChatClient
) -> None:
    server.answers = [response(529, b"overloaded")]

    error = await failure(chat)

    assert isinstance(error, LlmUnavailable)
    assert error.answered == 529
    assert len(server.requests) == 1


async def test_a_server_that_hangs_runs_into_the_timeout_of_each_try(
    server: Server, http: httpx2.AsyncClient
) -> None:
    server.answers = [None]
    chat = ChatClient(server.url, KEY, "m", timeout=30, tries=2, wait=0.001, http=http)

    asking = asyncio.create_task(failure(chat))
    for tries in (1, 2):
        async with asyncio.timeout(PATIENCE):
            while len(server.requests) < tries:
                await asyncio.sleep(0.01)
        pass_by(30)
    error = await asking

    assert isinstance(error, LlmUnavailable)
    assert error.answered is None
    assert "within 30 s" in str(error)
    assert len(server.requests) == 2


async def test_a_body_that_hangs_runs_into_the_same_timeout(
    server: Server, http: httpx2.AsyncClient
) -> None:
    server.answers = [response(200, b'{"choices": [', length=900)]
    server.holds = True

    error = await failure(ChatClient(server.url, KEY, "m", timeout=0.05, tries=1, http=http))

    assert isinstance(error, LlmUnavailable)


async def test_a_server_that_is_not_there_is_unavailable(http: httpx2.AsyncClient) -> None:
    gone = Server()
    await gone.start()
    await gone.stop()
    chat = ChatClient(gone.url, KEY, "m", wait=0.001, http=http)

    error = await failure(chat)

    assert isinstance(error, LlmUnavailable)
    assert "cannot be reached" in str(error)


async def test_a_body_that_breaks_off_is_asked_for_again(server: Server, chat: ChatClient) -> None:
    server.answers = [response(200, b'{"choices": [', length=900), GOOD]

    assert await ChatWriter(chat).placeholders(ADA) == LINES[:4]


RUBBISH = {
    "nothing": (b"", ""),
    "a page": (b"<html>Bad gateway</html>", "<html>Bad gateway</html>"),
    "another shape": (b'{"answer": 42}', '{"answer": 42}'),
    "no choices": (b'{"choices": []}', '{"choices": []}'),
    "JSON cut off": (completion("{}")[:40], '{"id": "chatcmpl-1"'),
    "not UTF-8": (b'{"choices": "\xff"}', '{"choices": "\ufffd"}'),
    "nested without end": (b"[" * 100_000, "[[["),
    "content null": (completion(None), '"content": null'),
    "a refusal": (completion(None, refusal="I cannot."), "I cannot."),
    "a filter": (completion("Some", finish_reason="content_filter"), "Some"),
    "out of tokens": (completion('{"lines": ["Pl', finish_reason="length"), '{"lines": ["Pl'),
    "content not JSON": (completion("Sure! Here you go"), "Sure! Here you go"),
    "content of another shape": (completion('{"lines": "one"}'), '{"lines": "one"}'),
    "content with more": (completion('{"lines": [], "more": 1}'), "more"),
    "too few lines": (completion('{"lines": ["one"]}'), "one"),
}


@pytest.mark.parametrize(("body", "kept"), RUBBISH.values(), ids=RUBBISH)
async def test_a_reply_that_cannot_be_used_is_an_error_that_keeps_its_text(
    server: Server, chat: ChatClient, body: bytes, kept: str
) -> None:
    server.answers = [response(200, body)]

    error = await failure(chat)

    assert isinstance(error, LlmReplyInvalid)
    assert kept in error.text
    assert len(error.text) <= 500
    assert len(server.requests) == 1


async def test_an_enormous_body_is_not_read_to_its_end(server: Server, chat: ChatClient) -> None:
    server.answers = [response(200, b"x" * 50_000_000)]

    error = await failure(chat)

    assert isinstance(error, LlmReplyInvalid)
    assert len(error.text) == 500
    assert server.sent < 20 * MAX_BODY_BYTES


async def test_a_small_body_that_unpacks_to_an_enormous_one_is_not_kept(
    server: Server, chat: ChatClient
) -> None:
    body = gzip.compress(b"x" * 5_000_000)
    server.answers = [response(200, body, "Content-Encoding: gzip")]

    error = await failure(chat)

    assert server.requests[0][1]["accept-encoding"] == "identity"
    assert isinstance(error, LlmReplyInvalid)
    assert "more than 1,000,000 bytes" in str(error)


@pytest.mark.parametrize(
    ("status", "advice"),
    [(400, "LLM_MODEL"), (401, "LLM_API_KEY"), (403, "LLM_API_KEY"), (404, "LLM_BASE_URL")],
)
async def test_a_refusal_says_which_setting_to_check(
    server: Server, chat: ChatClient, status: int, advice: str
) -> None:
    server.answers = [response(status, b"no")]

    error = await failure(chat)

    assert isinstance(error, LlmRefused)
    assert error.answered == status
    assert f"answered {status}" in str(error)
    assert advice in str(error)
    assert len(server.requests) == 1


async def test_a_redirect_is_not_followed_with_the_key_in_hand(
    server: Server, chat: ChatClient
) -> None:
    server.answers = [response(307, b"", "Location: /elsewhere"), GOOD]

    assert isinstance(await failure(chat), LlmRefused)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [200, 401, 429, 500])
async def test_a_key_that_the_server_echoes_is_redacted(
    server: Server, chat: ChatClient, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    caplog.set_level(logging.DEBUG)
    server.answers = [response(status, f"Incorrect API key provided: {KEY}".encode())]

    assert "[redacted]" in str(await failure(chat))
    assert KEY not in caplog.text


async def test_a_key_that_is_echoed_where_the_quote_is_cut_leaves_no_part_of_itself(
    server: Server, chat: ChatClient
) -> None:
    server.answers = [response(401, b"x" * 190 + KEY.encode() + b"x" * 90)]

    assert KEY[:8] not in str(await failure(chat))


async def test_userinfo_and_query_reach_the_server_and_no_message(
    server: Server, http: httpx2.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.answers = [response(404, b"")]
    url = f"http://sluice:hunter22@127.0.0.1:{server.port}/v1/?api-version=2026-06"
    chat = ChatClient(url, None, "m", http=http)

    error = await failure(chat)

    [(first, headers, _)] = server.requests
    assert first.startswith("POST /v1/chat/completions?api-version=2026-06 ")
    assert headers["authorization"].startswith("Basic ")
    assert f"http://127.0.0.1:{server.port}/v1/chat/completions answered 404" in str(error)
    assert "hunter22" not in str(error) + caplog.text
    assert "api-version" not in str(error)


@pytest.mark.parametrize("url", ["ftp://x/v1", "api.openai.com/v1", "http://", "http://h:port:x"])
def test_a_base_url_that_is_none_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigurationError, match="LLM_BASE_URL"):
        ChatClient(url, KEY, "m")


@pytest.mark.parametrize("key", ["sk-two words", "sk-line\nbreak", "sk-Ünïcode", "sk-\x00"])
def test_a_key_that_no_header_can_carry_is_a_configuration_error_without_it(key: str) -> None:
    with pytest.raises(ConfigurationError, match="LLM_API_KEY") as caught:
        ChatClient("http://127.0.0.1/v1", key, "m")
    assert key not in str(caught.value)


async def test_a_configured_endpoint_makes_a_writer_that_asks_it(
    server: Server, no_proxy: None
) -> None:
    writer = text_writer(server.url, f"{KEY}\n", "small-1", 2.0)

    assert await writer.placeholders(ADA) == LINES[:4]
    await writer.aclose()
    assert writer.name == "small-1"
    assert server.requests[0][1]["authorization"] == f"Bearer {KEY}"


async def test_a_client_that_was_passed_in_stays_open(
    chat: ChatClient, http: httpx2.AsyncClient
) -> None:
    await chat.aclose()

    assert not http.is_closed


@pytest.mark.parametrize("count", [0, 9])
async def test_a_count_out_of_bounds_is_refused(chat: ChatClient, count: int) -> None:
    with pytest.raises(ValueError, match="1 to 8"):
        await ChatWriter(chat).placeholders(ADA, count)


async def test_concurrent_calls_do_not_share_their_tries(server: Server, chat: ChatClient) -> None:
    server.answers = [UNWELL, UNWELL, UNWELL, UNWELL, GOOD]
    writer = ChatWriter(chat)

    replies = await asyncio.gather(*(writer.placeholders(ADA) for _ in range(4)))

    assert replies == [LINES[:4]] * 4
