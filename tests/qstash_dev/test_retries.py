"""What is not delivered is tried again: when, how often, and what becomes of it at last."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import pytest
from qstash import AsyncQStash

from app.qstash_dev.options import QStashOptions
from app.qstash_dev.server import LocalQStash, local_qstash
from app.qstash_dev.state.message import MessageState
from tests.qstash_dev.calls import by_hand, id_of, official_client
from tests.qstash_dev.destination import Destination
from tests.support.servers.ports import closed_port


def delays_of(qstash: LocalQStash, message_id: str) -> list[float]:
    """Seconds that were waited before each retry, had they not been shortened."""
    return [
        (entry.next_delivery - entry.time) * qstash.parts.clock.speed
        for entry in qstash.parts.events.entries
        if entry.message.id == message_id and entry.next_delivery is not None
    ]


async def test_a_message_is_tried_three_times_again_and_is_a_dead_letter_then(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    destination.answers["/down"] = [(503, {"X-Why": "maintenance"})]
    answer = await client.message.publish(url=f"{destination.url}/down", body="payload")
    await qstash.settled()
    assert [arrival.retried for arrival in destination.arrived] == [0, 1, 2, 3]
    assert delays_of(qstash, id_of(answer)) == pytest.approx([12.2, 148.4, 1_808.0], rel=0.01)
    [letter] = (await client.dlq.list()).messages
    assert (letter.message_id, letter.response_status) == (id_of(answer), 503)
    assert (letter.body, letter.response_body) == ("payload", "answer of /down")
    assert letter.response_headers is not None
    assert letter.response_headers["X-Why"] == ["maintenance"]


async def test_a_message_that_arrives_at_last_is_delivered(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    destination.answers["/shaky"] = [(500, {}), (302, {"Location": "/elsewhere"}), (201, {})]
    answer = await client.message.publish(url=f"{destination.url}/shaky")
    await qstash.settled()
    assert [arrival.path for arrival in destination.arrived] == ["/shaky"] * 3
    states = [entry.state for entry in qstash.parts.events.entries]
    assert states == [
        MessageState.CREATED,
        *[MessageState.ACTIVE, MessageState.ERROR, MessageState.RETRY] * 2,
        MessageState.ACTIVE,
        MessageState.DELIVERED,
    ]
    assert qstash.parts.dispatcher.messages == {}
    assert not len(qstash.parts.dead_letters)
    assert id_of(answer)


async def test_a_message_waits_as_long_as_its_retry_delay_says(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    destination.answers["/down"] = [(500, {})]
    answer = await client.message.publish(
        url=f"{destination.url}/down", retries=3, retry_delay="pow(2, retried) * 1000"
    )
    await qstash.settled()
    assert delays_of(qstash, id_of(answer)) == pytest.approx([1, 2, 4], rel=1e-3)


async def test_a_message_waits_as_long_as_the_answer_says(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    destination.answers["/busy"] = [
        (429, {"Retry-After": "30"}),
        (429, {"X-RateLimit-Reset-Tokens": "1m30s"}),
        (429, {"Retry-After": "90000"}),
        (500, {}),
        (200, {}),
    ]
    answer = await client.message.publish(
        url=f"{destination.url}/busy", retries=5, retry_delay="1000"
    )
    await qstash.settled()
    assert delays_of(qstash, id_of(answer)) == pytest.approx([30, 90, 1, 1], rel=1e-3)


async def test_what_is_not_to_be_tried_again_is_a_dead_letter_at_once(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    destination.answers["/never"] = [(489, {"Upstash-NonRetryable-Error": "true"})]
    destination.answers["/again"] = [(489, {}), (200, {})]
    destination.answers["/other"] = [(500, {"Upstash-NonRetryable-Error": "true"}), (200, {})]
    for path in ("never", "again", "other"):
        await client.message.publish(url=f"{destination.url}/{path}")
    await qstash.settled()
    assert len(destination.at("/never")) == 1
    assert len(destination.at("/again")) == len(destination.at("/other")) == 2
    assert [letter.url for letter in (await client.dlq.list()).messages] == [
        f"{destination.url}/never"
    ]


async def test_no_retries_means_one_delivery(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    destination.answers["/down"] = [(500, {})]
    await client.message.publish(url=f"{destination.url}/down", retries=0)
    await qstash.settled()
    assert len(destination.arrived) == 1
    assert len(qstash.parts.dead_letters) == 1


async def test_a_destination_that_takes_longer_than_the_message_allows_has_failed(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    opens = destination.opens["/slow"] = asyncio.Event()
    await client.message.publish(url=f"{destination.url}/slow", timeout="1s", retries=0)
    await qstash.settled()
    opens.set()
    [letter] = (await client.dlq.list()).messages
    assert letter.response_status == 0
    errors = [entry.error for entry in qstash.parts.events.entries if entry.error]
    assert errors == ["there was no answer within 1 s"]


async def test_a_destination_that_nobody_listens_at_has_failed(
    qstash: LocalQStash, client: AsyncQStash
) -> None:
    with closed_port() as port:
        await client.message.publish(url=f"http://127.0.0.1:{port}/", retries=1)
        await qstash.settled()
    [letter] = (await client.dlq.list()).messages
    assert (letter.response_status, letter.response_body) == (0, "")


async def test_a_callback_tells_of_every_answer(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    destination.answers["/shaky"] = [(500, {}), (200, {"X-Done": "yes"})]
    answer = await client.message.publish(
        url=f"{destination.url}/shaky",
        body="question",
        callback=f"{destination.url}/told",
        callback_headers={"X-For": "me"},
        retries=4,
    )
    await qstash.settled()
    first, second = destination.at("/told")
    assert (first.headers["x-for"], first.headers["content-type"]) == ("me", "application/json")
    told: list[dict[str, Any]] = [json.loads(one.body) for one in (first, second)]
    assert {(one["status"], one["retried"]) for one in told} == {(500, 0), (200, 1)}
    last = max(told, key=lambda one: int(one["retried"]))
    assert base64.b64decode(last["body"]) == b"answer of /shaky"
    assert base64.b64decode(last["sourceBody"]) == b"question"
    assert last["header"]["X-Done"] == ["yes"]
    assert (last["sourceMessageId"], last["maxRetries"]) == (id_of(answer), 4)
    assert last["url"] == f"{destination.url}/shaky"


async def test_a_failure_callback_tells_of_the_dead_letter(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    destination.answers["/down"] = [(500, {})]
    for path in ("down", "up"):
        await client.message.publish(
            url=f"{destination.url}/{path}",
            failure_callback=f"{destination.url}/failed",
            retries=1,
        )
    await qstash.settled()
    [arrival] = destination.at("/failed")
    told = json.loads(arrival.body)
    assert (told["status"], told["retried"], told["url"]) == (500, 1, f"{destination.url}/down")
    assert (await client.dlq.get(told["dlqId"])).message_id == told["sourceMessageId"]


async def test_a_dead_letter_is_tried_again_with_what_is_said_then(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    destination.answers["/down"] = [(500, {}), (500, {}), (500, {}), (200, {})]
    for retries in (0, 0):
        await client.message.publish(
            url=f"{destination.url}/down",
            body="again",
            headers={"X-Kept": "1"},
            retries=retries,
            delay="1m",
            deduplication_id=f"once-{len(destination.arrived)}",
        )
        await qstash.settled()
    one, two = (await client.dlq.list()).messages
    destination.arrived.clear()
    async with by_hand(qstash) as caller:
        answer = await caller.post(f"/v2/dlq/retry/{one.dlq_id}", headers={"Upstash-Retries": "1"})
        assert answer.status_code == 201
        await qstash.settled()
        assert [arrival.retried for arrival in destination.arrived] == [0, 1]
        assert {arrival.message_id for arrival in destination.arrived} == {
            answer.json()["messageId"]
        }
        assert destination.arrived[0].headers["x-kept"] == "1"
        assert destination.arrived[0].body == b"again"
        many = await caller.post("/v2/dlq/retry", params={"responseStatus": "500"})
        assert len(many.json()["responses"]) == 1
        await qstash.settled()
        assert (await caller.post(f"/v2/dlq/retry/{two.dlq_id}")).status_code == 404
    assert not len(qstash.parts.dead_letters)
    assert len(destination.arrived) == 3


async def test_what_is_redacted_is_told_to_the_destination_alone(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    destination.answers["/down"] = [(500, {})]
    await client.message.publish(
        url=f"{destination.url}/down",
        body="my secret",
        headers={"Authorization": "Bearer secret", "X-Open": "yes"},
        redact={"body": True, "header": ["Authorization"]},
        retries=0,
    )
    await qstash.settled()
    assert destination.arrived[0].body == b"my secret"
    assert destination.arrived[0].headers["authorization"] == "Bearer secret"
    async with by_hand(qstash) as caller:
        told = (await caller.get("/v2/dlq")).text + (await caller.get("/v2/events")).text
    assert "secret" not in told
    assert "REDACTED:" in told
    assert '"yes"' in told


async def test_waits_are_as_long_as_asked_for_unless_they_are_shortened(
    destination: Destination,
) -> None:
    destination.answers["/down"] = [(500, {})]
    async with local_qstash(QStashOptions(speed=1)) as qstash, official_client(qstash) as client:
        answer = await client.message.publish(url=f"{destination.url}/down")
        await qstash.until(lambda: bool(delays_of(qstash, id_of(answer))))
        assert delays_of(qstash, id_of(answer)) == pytest.approx([12.18], abs=0.01)
        [waiting] = qstash.parts.dispatcher.messages.values()
        assert waiting.waits_for is not None
