"""What was published already is accepted, and not delivered again."""

from __future__ import annotations

import pytest
from qstash import AsyncQStash

from app.qstash_dev.options import QStashOptions
from app.qstash_dev.server import LocalQStash, local_qstash
from tests.qstash_dev.calls import by_hand, id_of, official_client
from tests.qstash_dev.destination import Destination


async def test_one_id_is_one_message(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    answers = [
        await client.message.publish(url=destination.url, body=str(n), deduplication_id="item-1")
        for n in range(3)
    ]
    await qstash.settled()
    assert [arrival.body for arrival in destination.arrived] == [b"0"]
    assert {id_of(answer) for answer in answers} == {destination.arrived[0].message_id}
    assert [answer.deduplicated for answer in answers if not isinstance(answer, list)] == [
        False,
        True,
        True,
    ]


async def test_a_duplicate_is_answered_by_202(
    qstash: LocalQStash, destination: Destination
) -> None:
    async with by_hand(qstash) as caller:
        url, headers = f"/v2/publish/{destination.url}", {"Upstash-Deduplication-Id": "x"}
        statuses = [(await caller.post(url, headers=headers)).status_code for _ in range(2)]
    assert statuses == [200, 202]


async def test_the_same_content_is_one_message_where_that_is_asked_for(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    for body, header, path in [
        ("a", "1", "x"), ("a", "1", "x"), ("b", "1", "x"), ("a", "2", "x"), ("a", "1", "y"),
    ]:  # fmt: skip
        await client.message.publish(
            url=f"{destination.url}/{path}",
            body=body,
            headers={"X": header},
            content_based_deduplication=True,
        )
    await client.message.publish(url=f"{destination.url}/x", body="a", headers={"X": "1"})
    await qstash.settled()
    assert len(destination.arrived) == 5


async def test_an_id_is_forgotten_after_a_while(destination: Destination) -> None:
    options = QStashOptions(deduplication_window=0.05)
    async with local_qstash(options) as qstash, official_client(qstash) as client:
        first = id_of(await client.message.publish(url=destination.url, deduplication_id="x"))
        while (
            id_of(await client.message.publish(url=destination.url, deduplication_id="x")) == first
        ):
            pass
        await qstash.settled()
    assert len(destination.arrived) == 2


@pytest.mark.parametrize("end", ["delivered", "failed", "cancelled"])
async def test_an_id_is_remembered_whatever_became_of_its_message(
    end: str, qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    destination.answers["/x"] = [(500 if end == "failed" else 200, {})]
    answer = await client.message.publish(
        url=f"{destination.url}/x",
        retries=0,
        deduplication_id="x",
        delay="100d" if end == "cancelled" else None,
    )
    if end == "cancelled":
        await client.message.cancel(id_of(answer))
    await qstash.settled()
    again = await client.message.publish(url=f"{destination.url}/x", deduplication_id="x")
    assert id_of(again) == id_of(answer)
    assert qstash.parts.dispatcher.settled
