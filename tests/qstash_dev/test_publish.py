"""A message, from its publication to its delivery."""

from __future__ import annotations

import asyncio
import time

import httpx2
import pytest
from qstash import AsyncQStash, Receiver

from app.qstash_dev.options import QStashOptions
from app.qstash_dev.server import LocalQStash, local_qstash
from app.qstash_dev.state.message import MessageState
from tests.qstash_dev.calls import by_hand, id_of, official_client
from tests.qstash_dev.destination import Destination


def states_of(qstash: LocalQStash, message_id: str) -> list[MessageState]:
    return [one.state for one in qstash.parts.events.entries if one.message.id == message_id]


async def test_a_message_arrives_as_it_was_sent(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    answer = await client.message.publish(
        url=f"{destination.url}/items?of=run%201&of=2",
        body=b"\x00\xff binary",
        content_type="application/octet-stream",
        headers={"X-Tenant": "Wien"},
        method="PUT",
    )
    await qstash.settled()
    [arrival] = destination.arrived
    assert (arrival.method, arrival.path, arrival.query) == ("PUT", "/items", "of=run%201&of=2")
    assert arrival.body == b"\x00\xff binary"
    assert arrival.headers["content-type"] == "application/octet-stream"
    assert arrival.headers["x-tenant"] == "Wien"
    assert arrival.headers["user-agent"] == "Upstash-QStash"
    assert arrival.headers["upstash-caller-ip"] == "127.0.0.1"
    assert (arrival.message_id, arrival.retried) == (id_of(answer), 0)
    assert states_of(qstash, id_of(answer)) == [
        MessageState.CREATED,
        MessageState.ACTIVE,
        MessageState.DELIVERED,
    ]


async def test_the_official_receiver_knows_every_delivery_for_ours(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    url = f"{destination.url}/signed?a=1"
    await client.message.publish_json(url=url, body={"hello": "wörld"})
    await qstash.settled()
    [arrival] = destination.arrived
    keys = qstash.parts.signing_keys
    Receiver(keys.current, keys.next).verify(
        signature=arrival.headers["upstash-signature"], body=arrival.body.decode(), url=url
    )


async def test_headers_of_the_call_itself_are_not_forwarded(
    qstash: LocalQStash, destination: Destination
) -> None:
    async with by_hand(qstash) as caller:
        await caller.post(
            f"/v2/publish/{destination.url}/x",
            content=b"1",
            headers={
                "Upstash-Forward-Host": "elsewhere",
                "Upstash-Forward-Content-Length": "7",
                "Upstash-Forward-Upstash-Signature": "forged",
                "Upstash-Forward-Authorization": "Bearer theirs",
            },
        )
    await qstash.settled()
    [arrival] = destination.arrived
    assert arrival.headers["host"] in destination.url
    assert arrival.body == b"1"
    assert arrival.headers["authorization"] == "Bearer theirs"
    assert "forged" not in arrival.headers.values()
    assert qstash.token not in str(arrival.headers)


async def test_a_delayed_message_comes_when_its_delay_is_over(destination: Destination) -> None:
    async with (
        local_qstash(QStashOptions(speed=100)) as qstash,
        official_client(qstash) as client,
    ):
        began = time.monotonic()
        late = await client.message.publish(url=f"{destination.url}/late", delay="30s")
        waiting = await client.message.get(id_of(late))
        assert waiting.not_before - waiting.created_at == pytest.approx(30_000, abs=2)
        await client.message.publish(url=f"{destination.url}/soon")
        await qstash.settled()
    assert time.monotonic() - began >= 0.3
    assert [one.path for one in destination.arrived] == ["/soon", "/late"]


async def test_a_moment_goes_before_a_delay(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    answer = await client.message.publish(
        url=destination.url, delay="5h", not_before=int(time.time()) - 10
    )
    await qstash.settled()
    assert [one.message_id for one in destination.arrived] == [id_of(answer)]


@pytest.mark.parametrize(
    ("headers", "named"),
    [
        ({"Upstash-Method": "TRACE"}, "Upstash-Method"),
        ({"Upstash-Retries": "-1"}, "Upstash-Retries"),
        ({"Upstash-Delay": "soon"}, "Upstash-Delay"),
        ({"Upstash-Delay": "9999d"}, "Upstash-Delay"),
        ({"Upstash-Not-Before": "tomorrow"}, "Upstash-Not-Before"),
        ({"Upstash-Timeout": "0s"}, "Upstash-Timeout"),
        ({"Upstash-Retry-Delay": "import os"}, "Upstash-Retry-Delay"),
        ({"Upstash-Deduplication-Id": "a:b"}, "Upstash-Deduplication-Id"),
        ({"Upstash-Flow-Control-Key": "k"}, "Upstash-Flow-Control-Value"),
        ({"Upstash-Flow-Control-Value": "rate=1"}, "Upstash-Flow-Control-Key"),
        (
            {"Upstash-Flow-Control-Key": "a key", "Upstash-Flow-Control-Value": "rate=1"},
            "flow-control key",
        ),
        (
            {"Upstash-Flow-Control-Key": "k", "Upstash-Flow-Control-Value": "rate=0"},
            "Upstash-Flow-Control-Value",
        ),
        ({"Upstash-Callback": "/callback"}, "Upstash-Callback"),
        ({"Upstash-Failure-Callback": "ftp://host"}, "Upstash-Failure-Callback"),
        ({"Upstash-Callback": "http://c", "Upstash-Callback-Timeout": "x"}, "Upstash-Timeout"),
        ({"Upstash-Redact-Fields": "everything"}, "Upstash-Redact-Fields"),
    ],
)
async def test_a_header_that_cannot_be_used_is_named(
    headers: dict[str, str], named: str, resting: LocalQStash, caller: httpx2.AsyncClient
) -> None:
    answer = await caller.post("/v2/publish/http://127.0.0.1:9/", headers=headers)
    assert answer.status_code == 400
    assert named in answer.json()["error"]
    assert resting.parts.dispatcher.settled


@pytest.mark.parametrize("where", ["example.com/x", "ftp://example.com", "https://", "http://:80/"])
async def test_a_destination_that_is_no_url_is_refused(
    where: str, caller: httpx2.AsyncClient
) -> None:
    answer = await caller.post(f"/v2/publish/{where}")
    assert answer.status_code == 400
    assert "http://" in answer.json()["error"]


async def test_a_message_that_is_too_large_is_refused(caller: httpx2.AsyncClient) -> None:
    answer = await caller.post("/v2/publish/http://127.0.0.1/", content=b"x" * 1_048_577)
    assert answer.status_code == 413
    assert "bytes" in answer.json()["error"]


async def test_a_cancelled_message_never_comes(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    answer = await client.message.publish(url=destination.url, delay="300d")
    await client.message.cancel(id_of(answer))
    await qstash.settled()
    assert destination.arrived == []
    assert states_of(qstash, id_of(answer))[1:] == [
        MessageState.CANCEL_REQUESTED,
        MessageState.CANCELED,
    ]


async def test_a_message_that_is_cancelled_while_it_is_delivered_is_not_tried_again(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    destination.answers["/busy"] = [(500, {})]
    destination.opens["/busy"] = opens = asyncio.Event()
    answer = await client.message.publish(url=f"{destination.url}/busy")
    await qstash.until(lambda: MessageState.ACTIVE in states_of(qstash, id_of(answer)))
    await client.message.cancel(id_of(answer))
    opens.set()
    await qstash.settled()
    assert len(destination.arrived) == 1
    assert states_of(qstash, id_of(answer))[-1] is MessageState.CANCELED
