"""Who may call, and from where."""

from __future__ import annotations

import math

import httpx2
import pytest

from app.errors import ConfigurationError
from app.qstash_dev.options import QStashOptions
from app.qstash_dev.server import LocalQStash, local_qstash
from tests.qstash_dev.calls import by_hand
from tests.qstash_dev.destination import Destination


@pytest.mark.parametrize("path", ["/v2/keys", "/v2/publish/http://127.0.0.1/", "/", "/v2/nothing"])
@pytest.mark.parametrize("given", [None, "Bearer", "Bearer wrong", "Basic {}", "{}", "bearer {}x"])
async def test_nobody_without_the_token_learns_or_does_anything(
    path: str, given: str | None, resting: LocalQStash, caller: httpx2.AsyncClient
) -> None:
    request = caller.build_request("POST", path)
    del request.headers["Authorization"]
    if given is not None:
        request.headers["Authorization"] = given.format(resting.token)
    answer = await caller.send(request)
    assert answer.status_code == 401
    assert resting.token not in answer.text
    assert resting.parts.dispatcher.settled


async def test_the_token_may_stand_in_the_query(
    qstash: LocalQStash, destination: Destination
) -> None:
    async with httpx2.AsyncClient(base_url=qstash.url, trust_env=False) as caller:
        assert (await caller.get("/v2/keys?qstash_token=wrong")).status_code == 401
        assert (await caller.get(f"/v2/keys?qstash_token={qstash.token}")).status_code == 200
        url = f"/v2/publish/{destination.url}/x?a=1&qstash_token={qstash.token}"
        assert (await caller.post(url)).status_code == 200
    await qstash.settled()
    assert destination.arrived[0].query == "a=1"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/nothing", 404),
        ("GET", "/v2/publish/http://127.0.0.1/", 405),
        ("GET", "/v2/messages/msg_of_nobody", 404),
        ("GET", "/v2/schedules/none", 404),
        ("DELETE", "/v2/schedules/none", 404),
        ("POST", "/v2/schedules/none/pause", 404),
        ("GET", "/v2/queues/none", 404),
        ("GET", "/v2/queues/no%20name", 400),
        ("GET", "/v2/dlq/none", 404),
        ("GET", "/v2/dlq?count=0", 400),
        ("GET", "/v2/dlq?cout=1", 400),
        ("GET", "/v2/events?count=many", 400),
        ("GET", "/v2/events?nobody=knows", 400),
        ("DELETE", "/v2/messages?lable=x", 400),
        ("DELETE", "/v2/messages?count=501", 400),
        ("POST", "/v2/schedules/http://127.0.0.1/", 400),
        ("POST", "/v2/flowControl/no%20name/pause", 400),
        ("POST", "/v2/flowControl/k/unpin?rate=perhaps", 400),
        ("POST", "/v2/queues", 400),
        ("POST", "/v2/topics/g/endpoints", 400),
    ],
)
async def test_what_cannot_be_done_is_answered_by_an_error(
    method: str, path: str, status: int, caller: httpx2.AsyncClient
) -> None:
    answer = await caller.request(method, path)
    assert answer.status_code == status
    assert isinstance(answer.json()["error"], str)


@pytest.mark.parametrize(
    ("method", "path", "known"),
    [
        ("POST", "/v2/batch", '[{{"destination": "http://127.0.0.1:9/", "body": {0}}}]'),
        ("POST", "/v2/batch", '[{{"destination": {0}}}]'),
        (
            "POST",
            "/v2/batch",
            '[{{"destination": "http://127.0.0.1:9/", "queue": {0}, "headers": {{}}}}]',
        ),
        (
            "POST",
            "/v2/batch",
            '[{{"destination": "http://127.0.0.1:9/", "headers": {{"Upstash-Label": {0}}}}}]',
        ),
        ("POST", "/v2/queues", '{{"queueName": {0}, "parallelism": 1}}'),
        ("POST", "/v2/queues", '{{"queueName": "q", "parallelism": {0}}}'),
        (
            "POST",
            "/v2/topics/g/endpoints",
            '{{"endpoints": [{{"url": "http://127.0.0.1:9/", "name": {0}}}]}}',
        ),
        ("DELETE", "/v2/topics/g/endpoints", '{{"endpoints": {0}}}'),
        ("DELETE", "/v2/messages", '{{"messageIds": [{0}]}}'),
        ("DELETE", "/v2/dlq", '{{"dlqIds": {0}}}'),
    ],
)
async def test_whatever_is_sent_is_no_mistake_of_the_servers(
    method: str, path: str, known: str, qstash: LocalQStash
) -> None:
    hostile = [
        '"\\ud800"', '"\\u0000"', "null", "true", "1e999", "-1", "1" * 400, "[]", "{}", '""',
        "[" * 20_000, '"' + "x" * 100_000 + '"', '"http://[::1"', '"http://x:99999/"', "NaN",
    ]  # fmt: skip
    async with by_hand(qstash) as caller:
        for value in hostile:
            answer = await caller.request(method, path, content=known.format(value))
            assert answer.status_code < 500, (value[:40], answer.text)
            assert answer.text == "" or answer.json() is not None
        for shown in ("/v2/queues", "/v2/topics", "/v2/events"):
            assert (await caller.get(shown)).status_code == 200
        await caller.delete("/v2/messages")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "example.com", "::", ""])  # noqa: S104 - refused
async def test_the_server_listens_on_this_machines_loopback_alone(host: str) -> None:
    with pytest.raises(ConfigurationError, match="loopback"):
        async with local_qstash(QStashOptions(host=host)):
            pass


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.53"])
async def test_any_address_of_the_loopback_will_do(host: str) -> None:
    async with local_qstash(QStashOptions(host=host)) as qstash, by_hand(qstash) as caller:
        assert (await caller.get("/v2/keys")).status_code == 200


async def test_a_port_that_is_taken_is_told() -> None:
    async with local_qstash() as qstash:
        port = int(qstash.url.rpartition(":")[2])
        with pytest.raises(ConfigurationError, match=f"port {port}"):
            async with local_qstash(QStashOptions(port=port)):
                pass


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (QStashOptions(token="short"), "QSTASH_TOKEN"),
        (QStashOptions(current_signing_key="sig_x"), "QSTASH_CURRENT_SIGNING_KEY"),
        (QStashOptions(next_signing_key="sig_x"), "QSTASH_NEXT_SIGNING_KEY"),
        (QStashOptions(speed=0), "speed"),
        (QStashOptions(speed=math.nan), "speed"),
    ],
)
async def test_options_that_cannot_be_are_named(options: QStashOptions, named: str) -> None:
    with pytest.raises(ConfigurationError, match=named):
        async with local_qstash(options):
            pass


def test_options_do_not_tell_their_secrets() -> None:
    options = QStashOptions()
    told = repr(options)
    for secret in (options.token, options.current_signing_key, options.next_signing_key):
        assert secret not in told
