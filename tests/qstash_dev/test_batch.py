"""Many messages in one call."""

from __future__ import annotations

import json

import httpx2
import pytest
from qstash import AsyncQStash
from qstash.message import BatchResponse

from app.qstash_dev.server import LocalQStash
from tests.qstash_dev.calls import by_hand
from tests.qstash_dev.destination import Destination


async def test_answers_are_in_the_order_of_the_messages(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    answers = await client.message.batch(
        [{"url": f"{destination.url}/{n}", "body": str(n), "retries": 0} for n in range(50)]
    )
    await qstash.settled()
    paths = {arrival.message_id: arrival.path for arrival in destination.arrived}
    ids = [one.message_id for one in answers if isinstance(one, BatchResponse)]
    assert [paths[one] for one in ids] == [f"/{n}" for n in range(50)]


async def test_one_that_is_refused_does_not_hold_up_the_others(
    qstash: LocalQStash, destination: Destination
) -> None:
    good = {"destination": f"{destination.url}/good", "body": "1"}
    batch = [
        good,
        {"destination": "no url"},
        {**good, "headers": {"Upstash-Delay": "soon"}},
        {**good, "headers": {"Upstash-Deduplication-Id": "a:b"}},
        {**good, "headers": {"Upstash-Label": 3}},
        {**good, "headers": {"Upstash-Forward-X": "a\r\nb: c"}},
        {**good, "body": {"no": "text"}},
        {**good, "queue": "no name"},
        {"destination": "no-such-group"},
        good,
    ]
    async with by_hand(qstash) as caller:
        answer = await caller.post("/v2/batch", json=batch)
    await qstash.settled()
    assert answer.status_code == 200
    kinds = ["error" if "error" in one else "messageId" for one in answer.json()]
    assert kinds == ["messageId", *["error"] * 8, "messageId"]
    assert len(destination.arrived) == 2


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"{}", b"[1]", b"[[]]", b'[{"body": "1"}]', b'[{"destination": 1}]', b"[" * 50_000],
)
async def test_what_is_no_batch_is_refused_as_a_whole(
    body: bytes, caller: httpx2.AsyncClient
) -> None:
    answer = await caller.post("/v2/batch", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


async def test_too_many_messages_at_once_are_refused(
    resting: LocalQStash, caller: httpx2.AsyncClient
) -> None:
    batch = [{"destination": "http://127.0.0.1/"}] * 1_001
    answer = await caller.post("/v2/batch", content=json.dumps(batch))
    assert answer.status_code == 400
    assert resting.parts.dispatcher.settled


async def test_a_header_of_a_batch_may_be_in_any_script(
    qstash: LocalQStash, destination: Destination
) -> None:
    headers = {"Upstash-Forward-X-City": "Köln", "Upstash-Label": "köln, run_1"}
    batch = [{"destination": destination.url, "body": "日本", "headers": headers}]
    async with by_hand(qstash) as caller:
        await caller.post("/v2/batch", json=batch)
        await qstash.settled()
        [created, *_] = (await caller.get("/v2/events", params={"label": "köln"})).json()["events"]
    [arrival] = destination.arrived
    assert arrival.headers["x-city"].encode("latin-1").decode() == "Köln"
    assert arrival.body.decode() == "日本"
    assert created["labels"] == ["köln", "run_1"]
