"""Every call that the official client has, and what it makes of our answers."""

from __future__ import annotations

import asyncio
import inspect

import pytest
from qstash import AsyncQStash
from qstash.errors import QStashError
from qstash.log import LogState
from qstash.message import BatchUrlGroupResponse, PublishUrlGroupResponse

from app.qstash_dev.server import LocalQStash
from tests.qstash_dev.calls import id_of
from tests.qstash_dev.destination import Destination

CALLS = {
    "message": {
        "publish", "publish_json", "enqueue", "enqueue_json", "batch", "batch_json", "get",
        "cancel", "cancel_many", "cancel_all",
    },
    "url_group": {"upsert_endpoints", "remove_endpoints", "get", "list", "delete"},
    "queue": {"upsert", "get", "list", "delete", "pause", "resume"},
    "schedule": {"create", "create_json", "get", "list", "delete", "pause", "resume"},
    "signing_key": {"get", "rotate"},
    "log": {"list"},
    "dlq": {"get", "list", "delete", "delete_many"},
    "flow_control": {
        "get", "get_global_parallelism", "pause", "resume", "pin", "unpin", "reset_rate",
    },
}  # fmt: skip
"""That these tests make, here or in the file of their subject."""


def test_no_call_of_the_client_is_left_out(client: AsyncQStash) -> None:
    found = {
        name: {call for call, _ in inspect.getmembers(api, inspect.ismethod) if call[0] != "_"}
        for name, api in vars(client).items()
        if name != "http"
    }
    assert found == CALLS


async def test_a_message_is_shown_with_all_that_was_said_of_it(
    client: AsyncQStash, destination: Destination
) -> None:
    answer = await client.message.publish_json(
        url=f"{destination.url}/x?y=1",
        body={"n": 1},
        method="PATCH",
        headers={"X-Tenant": "t"},
        callback=f"{destination.url}/done",
        callback_headers={"X-A": "1"},
        failure_callback=f"{destination.url}/failed",
        failure_callback_headers={"X-B": "2"},
        retries=5,
        retry_delay="1000 * retried",
        delay="1d",
        flow_control={"key": "k", "parallelism": 2, "rate": 3, "period": "1m"},
        timeout="30s",
        label="family.run_1",
    )
    message = await client.message.get(id_of(answer))
    assert message.url == f"{destination.url}/x?y=1"
    assert (message.method, message.body, message.max_retries) == ("PATCH", '{"n": 1}', 5)
    assert message.headers == {"Content-Type": ["application/json"], "X-Tenant": ["t"]}
    assert message.callback == f"{destination.url}/done"
    assert message.callback_headers is not None
    assert message.callback_headers["X-A"] == ["1"]
    assert message.failure_callback == f"{destination.url}/failed"
    assert message.failure_callback_headers is not None
    assert message.failure_callback_headers["X-B"] == ["2"]
    assert message.retry_delay_expression == "1000 * retried"
    assert message.not_before - message.created_at == pytest.approx(86_400_000, abs=5)
    assert message.flow_control is not None
    assert (message.flow_control.key, message.flow_control.parallelism) == ("k", 2)
    assert (message.flow_control.rate, message.flow_control.period) == (3, 60)
    assert (message.label, message.caller_ip) == ("family.run_1", "127.0.0.1")


async def test_a_body_that_is_no_text_is_shown_as_base64(
    client: AsyncQStash, destination: Destination
) -> None:
    answer = await client.message.publish(url=destination.url, body=b"\xff\x00", delay="1d")
    message = await client.message.get(id_of(answer))
    assert (message.body, message.body_base64) == (None, "/wA=")


async def test_messages_are_cancelled_by_name_or_all(
    client: AsyncQStash, destination: Destination, qstash: LocalQStash
) -> None:
    ids = [id_of(await client.message.publish(url=destination.url, delay="1d")) for _ in range(5)]
    assert await client.message.cancel_many([ids[0], ids[1], "msg_of_nobody"]) == 2
    assert await client.message.cancel_many([]) == 0
    with pytest.raises(QStashError, match="404"):
        await client.message.get(ids[0])
    with pytest.raises(QStashError, match="404"):
        await client.message.cancel(ids[0])
    assert await client.message.cancel_all() == 3
    assert qstash.parts.dispatcher.settled


async def test_a_url_group_gets_one_message_for_each_of_its_endpoints(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    a, b = f"{destination.url}/a", f"{destination.url}/b"
    await client.url_group.upsert_endpoints("g", [{"url": a, "name": "first"}, {"url": b}])
    answer = await client.message.publish(url_group="g", body="1", deduplication_id="x")
    assert isinstance(answer, list)
    assert all(isinstance(one, PublishUrlGroupResponse) for one in answer)
    assert [one.url for one in answer] == [a, b]
    again = await client.message.publish(url_group="g", body="1", deduplication_id="x")
    assert isinstance(again, list)
    assert [(one.message_id, one.deduplicated) for one in again] == [
        (one.message_id, True) for one in answer
    ]
    [batched] = await client.message.batch([{"url_group": "g", "body": "2"}])
    assert isinstance(batched, list)
    assert all(isinstance(one, BatchUrlGroupResponse) for one in batched)
    await qstash.settled()
    assert sorted(arrival.path for arrival in destination.arrived) == ["/a", "/a", "/b", "/b"]
    assert {arrival.headers["upstash-topic-name"] for arrival in destination.arrived} == {"g"}
    [group] = await client.url_group.list()
    assert [(one.url, one.name) for one in group.endpoints] == [(a, "first"), (b, None)]
    await client.url_group.remove_endpoints("g", [{"name": "first"}])
    assert [one.url for one in (await client.url_group.get("g")).endpoints] == [b]
    await client.url_group.remove_endpoints("g", [{"url": b}])
    with pytest.raises(QStashError, match="404"):
        await client.url_group.get("g")
    await client.url_group.upsert_endpoints("g", [{"url": a}])
    await client.url_group.delete("g")
    with pytest.raises(QStashError, match="404"):
        await client.message.publish(url_group="g")


async def test_queues_are_listed(client: AsyncQStash, destination: Destination) -> None:
    await client.queue.upsert("b", parallelism=3)
    await client.queue.upsert("a", paused=True)
    await client.message.enqueue_json(queue="a", url=destination.url, body=[1])
    queues = await client.queue.list()
    assert [(one.name, one.parallelism, one.paused, one.lag) for one in queues] == [
        ("a", 1, True, 1),
        ("b", 3, False, 0),
    ]


async def test_schedules_are_made_of_json_too(client: AsyncQStash) -> None:
    made = await client.schedule.create_json(
        destination="http://127.0.0.1:9/", cron="0 0 1 1 *", body={"a": 1}
    )
    schedule = await client.schedule.get(made)
    assert (schedule.body, schedule.paused) == ('{"a": 1}', False)
    assert schedule.headers == {"Content-Type": ["application/json"]}


async def test_keys_are_rotated(client: AsyncQStash, qstash: LocalQStash) -> None:
    first = await client.signing_key.get()
    second = await client.signing_key.rotate()
    assert second.current == first.next != second.next
    assert await client.signing_key.get() == second
    assert qstash.variables["QSTASH_CURRENT_SIGNING_KEY"] == second.current


async def test_the_log_is_read_page_by_page_and_by_what_one_looks_for(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    destination.answers["/down"] = [(500, {})]
    good = id_of(await client.message.publish(url=f"{destination.url}/up", label="one"))
    bad = id_of(await client.message.publish(url=f"{destination.url}/down", retries=1, label="two"))
    await qstash.settled()
    whole = await client.log.list(filter={"message_id": bad})
    assert [one.state for one in reversed(whole.logs)] == [
        LogState.CREATED,
        *[LogState.ACTIVE, LogState.ERROR, LogState.RETRY],
        *[LogState.ACTIVE, LogState.ERROR, LogState.FAILED],
    ]
    error = next(one for one in whole.logs if one.state is LogState.ERROR)
    assert (error.response_status, error.label, error.max_retries) == (500, "two", 1)
    paged, cursor = [], None
    while True:
        page = await client.log.list(cursor=cursor, count=3)
        paged += page.logs
        cursor = page.cursor
        if cursor is None:
            break
    assert len(paged) == 10
    assert [one.time for one in paged] == sorted((one.time for one in paged), reverse=True)
    by_label = await client.log.list(filter={"label": "one"})
    assert {one.message_id for one in by_label.logs} == {good}
    delivered = await client.log.list(filter={"state": LogState.DELIVERED})
    assert [one.message_id for one in delivered.logs] == [good]
    both = await client.log.list(filter={"message_ids": [good, bad], "state": LogState.CREATED})
    assert {one.message_id for one in both.logs} == {good, bad}
    none = await client.log.list(filter={"to_time": whole.logs[-1].time - 60_000})
    assert none.logs == []


async def test_dead_letters_are_listed_page_by_page_and_removed(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    destination.answers["/down"] = [(500, {})]
    for n in range(7):
        await client.message.publish(url=f"{destination.url}/down", retries=0, label=f"l{n}")
        await qstash.settled()
    first = await client.dlq.list(count=5)
    second = await client.dlq.list(count=5, cursor=first.cursor)
    assert [one.label for one in first.messages + second.messages] == [
        f"l{n}" for n in reversed(range(7))
    ]
    assert second.cursor is None
    oldest, cursor = [], "0"
    while cursor:
        told = await client.http.request(
            path="/v2/dlq",
            method="GET",
            params={"order": "earliestFirst", "count": "3", "cursor": cursor},
        )
        oldest += [one["label"] for one in told["messages"]]
        cursor = told.get("cursor", "")
    assert oldest == [f"l{n}" for n in range(7)]
    named = await client.dlq.list(filter={"label": "l3", "response_status": 500})
    assert [one.label for one in named.messages] == ["l3"]
    assert (await client.dlq.list(filter={"response_status": 404})).messages == []
    await client.dlq.delete(named.messages[0].dlq_id)
    with pytest.raises(QStashError, match="404"):
        await client.dlq.get(named.messages[0].dlq_id)
    left = [one.dlq_id for one in (await client.dlq.list()).messages]
    assert await client.dlq.delete_many([*left, "nobody"]) == 6


async def test_many_callers_at_once_lose_nothing(
    qstash: LocalQStash, client: AsyncQStash, destination: Destination
) -> None:
    async def publish(n: int) -> None:
        await client.message.publish_json(url=f"{destination.url}/x", body=n)

    await asyncio.gather(*(publish(n) for n in range(100)))
    await qstash.settled()
    assert sorted(int(arrival.body) for arrival in destination.arrived) == list(range(100))
