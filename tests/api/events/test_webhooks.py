"""``POST /api/webhooks/{source}``: nobody's, unless a setting says whose; signed, or refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest
from standardwebhooks import Webhook

from app.api.admission.body_size import LARGEST_WEBHOOK
from app.config.webhook_settings import parse_sources
from app.workflows.family import Event
from tests.support.http import OPS, api, assert_problem, bearer
from tests.support.logged import warnings_logged
from tests.support.service import Opener
from tests.workflows.events.heard import Hearing, items_of_runs, starter_of, starts

KEY = "whsec_" + base64.b64encode(b"a key of the tests, of 32 bytes.").decode()
STRIPE = "whsec_of-the-tests-0123456789"
GITHUB = "of the tests of github 0123456789"
SOURCES = parse_sources(
    f"pay:standard:{KEY},shop[stripe/{{type}}]:stripe:{STRIPE},code:github:{GITHUB}"
)


class Paid(Hearing):
    on = (
        Event("pay/invoice.paid", item="data.invoice"),
        Event("stripe/invoice.paid", item="data.object.id"),
        Event("code/push", item="after"),
    )


def standard(data: Any, *, message: str = "msg_1", key: str = KEY) -> dict[str, Any]:
    now, body = datetime.now(UTC), json.dumps(data)
    return {
        "content": body,
        "headers": {
            "webhook-id": message,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(key).sign(message, now, body),
        },
    }


def stripe(data: Any) -> dict[str, Any]:
    body, now = json.dumps(data), int(time.time())
    made = hmac.new(STRIPE.encode(), f"{now}.{body}".encode(), hashlib.sha256).hexdigest()
    return {"content": body, "headers": {"Stripe-Signature": f"t={now},v1={made}"}}


def github(data: Any, event: str = "push") -> dict[str, Any]:
    body = json.dumps(data)
    made = hmac.new(GITHUB.encode(), body.encode(), hashlib.sha256).hexdigest()
    headers = {"X-Hub-Signature-256": f"sha256={made}", "X-GitHub-Event": event}
    return {"content": body, "headers": headers}


CALLS = [
    ("pay", standard, {"type": "invoice.paid", "data": {"invoice": "i1"}}, "i1", "msg_1"),
    (
        "shop",
        stripe,
        {"id": "evt_1", "type": "invoice.paid", "data": {"object": {"id": "i2"}}},
        "i2",
        "evt_1",
    ),
    ("code", github, {"ref": "refs/heads/main", "after": "c0ffee"}, "c0ffee", None),
]


async def _post(client: httpx2.AsyncClient, source: str, call: dict[str, Any]) -> httpx2.Response:
    return await client.post(f"/api/webhooks/{source}", **call)


@pytest.mark.parametrize(
    ("source", "signed", "data", "item", "known"), CALLS, ids=[call[0] for call in CALLS]
)
async def test_a_signed_call_becomes_an_event_once_and_starts_its_item(
    opener: Opener, source: str, signed: Any, data: dict[str, Any], item: str, known: str | None
) -> None:
    async with opener(Paid(), webhooks=SOURCES) as sluice, api(sluice, None) as client:
        answer = await _post(client, source, signed(data))
        assert answer.status_code == 202, answer.text
        body = answer.json()
        assert set(body) == {"success", "id", "duplicate"}
        assert body["id"] == (known or hashlib.sha256(signed(data)["content"].encode()).hexdigest())
        again = await _post(client, source, signed(data))
        assert (again.status_code, again.json()["duplicate"]) == (200, True)
        assert await starter_of(sluice).start_due() == 1
        assert await items_of_runs(sluice) == [[item]]
        [row] = await sluice.sql("SELECT sender, data FROM sluice.event")
    assert (row[0], row[1]) == (f"webhook {source}", data)


async def test_with_no_source_configured_there_is_nothing_to_call(opener: Opener) -> None:
    async with opener(Paid()) as sluice, api(sluice, None) as client:
        for source in ("pay", "shop", "x", "%2e%2e", "a%00b"):
            assert_problem(await _post(client, source, standard({"type": "a"})), 404)
        assert_problem(await client.get("/api/webhooks/pay"), 401)
        assert await sluice.sql("SELECT 1 FROM sluice.event") == []


@pytest.mark.parametrize("source", ["pay", "shop", "code"])
async def test_what_is_not_signed_rightly_is_refused_before_it_is_read(
    opener: Opener, source: str
) -> None:
    async with opener(Paid(), webhooks=SOURCES) as sluice, api(sluice, None) as client:
        other = "whsec_" + base64.b64encode(b"another key of 32 bytes, or more").decode()
        calls: list[dict[str, Any]] = [
            {"content": "{}"},
            {"content": "no JSON", "headers": {"Content-Type": "text/plain"}},
            {"json": {}, "headers": bearer(OPS)},  # a token is no signature
            standard({"type": "a"}, key=other),
            {**stripe({"a": 1}), "content": '{"a": 2}'},
            {**github({"a": 1}), "content": '{"a": 2}'},
        ]
        with warnings_logged() as logged:
            for call in calls:
                document = assert_problem(await _post(client, source, call), 401)
                assert "Nothing was done." in document["detail"]
        assert {one["event"] for one in logged} == {"webhook_refused"}
        assert await sluice.sql("SELECT 1 FROM sluice.event") == []


async def test_it_is_bounded_before_anybody_knows_who_calls(opener: Opener) -> None:
    async with opener(Paid(), webhooks=SOURCES) as sluice, api(sluice, None) as client:
        large = {"content": b" " * (LARGEST_WEBHOOK + 1)}
        assert_problem(await _post(client, "pay", large), 413)

        async def slowly() -> Any:
            for _ in range(4):
                yield b" " * 100_000

        assert_problem(await _post(client, "pay", {"content": slowly()}), 413)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ([1], "body"),
        ("text", "body"),
        ({"type": "a b"}, "type"),
        ({"type": 5}, "type"),
        ({}, "type"),
        ({"type": "x" * 300}, "type"),
    ],
)
async def test_what_is_signed_and_makes_no_event_is_refused_with_the_field(
    opener: Opener, data: Any, field: str
) -> None:
    async with opener(Paid(), webhooks=SOURCES) as sluice, api(sluice, None) as client:
        document = assert_problem(await _post(client, "pay", standard(data)), 422)
        assert document["errors"][0]["field"] == field
        broken = {"id": 7, "type": "invoice.paid"}
        document = assert_problem(await _post(client, "shop", stripe(broken)), 422)
        assert document["errors"][0]["field"] == "id"
        assert await sluice.sql("SELECT 1 FROM sluice.event") == []


async def test_a_body_that_is_no_json_is_refused_although_it_is_signed(opener: Opener) -> None:
    async with opener(Paid(), webhooks=SOURCES) as sluice, api(sluice, None) as client:
        for content in (b"payload=%7B%7D", b'{"a": NaN}', b'{"a": 1, "a": 2}'):
            made = hmac.new(GITHUB.encode(), content, hashlib.sha256).hexdigest()
            headers = {"X-Hub-Signature-256": f"sha256={made}", "X-GitHub-Event": "push"}
            call = {"content": content, "headers": headers}
            assert_problem(await _post(client, "code", call), 422)


async def test_what_a_family_cannot_use_is_taken_and_told(opener: Opener) -> None:
    """Its sender cannot mend it, and would take the address for broken."""
    async with opener(Paid(), webhooks=SOURCES) as sluice, api(sluice, None) as client:
        with warnings_logged() as logged:
            answer = await _post(client, "pay", standard({"type": "invoice.paid", "data": {}}))
        assert answer.status_code == 202
        assert [one["event"] for one in logged] == ["event_not_usable"]
        [event] = (await client.get("/api/events", headers=bearer(OPS))).json()["events"]
        assert "data.invoice of pay/invoice.paid" in event["detail"]
        assert event["starts"] == []
        assert await starts(sluice) == []


async def test_during_a_change_of_keys_both_are_good(opener: Opener) -> None:
    new = "whsec_" + base64.b64encode(b"the new key of 32 bytes, or more").decode()
    both = parse_sources(f"pay:standard:{KEY},pay:standard:{new}")
    async with opener(Paid(), webhooks=both) as sluice, api(sluice, None) as client:
        for number, key in enumerate((KEY, new)):
            call = standard({"type": "a"}, message=f"msg_{number}", key=key)
            assert (await _post(client, "pay", call)).status_code == 202
