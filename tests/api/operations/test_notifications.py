"""Who is told, over HTTP: added, tried, looked at, and refused with the field at fault."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
from standardwebhooks import Webhook

from app.workflows.notifications import service
from tests.support.families import Recording
from tests.support.http import assert_problem, fields
from tests.support.network.llm_server import Server, response
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice
from tests.workflows.notifications.told import FINE, LOOPBACK, sender, until

BASE = "/api/notifications"
URL = "https://192.0.2.1/hook"
SLACK = "https://93.184.216.34/services/T000/B000/of-the-path-of-it"


@pytest.fixture
async def sluice(opener: Opener) -> AsyncIterator[Sluice]:
    async with opener(Recording(), **LOOPBACK) as opened:
        yield opened


async def made(caller: httpx2.AsyncClient, **values: object) -> dict[str, Any]:  # a JSON document
    answer = await caller.post(BASE, json={"url": SLACK, **values})
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.json()
    return document


async def test_its_secret_is_shown_once_and_its_address_never(
    caller: httpx2.AsyncClient, sluice: Sluice
) -> None:
    created = await made(caller, name="on-call", events=["run.failed"], families=["recording"])
    secret, target = created["secret"], created["target"]
    assert secret.startswith("whsec_")
    assert target["url"] == "https://93.184.216.34/…"
    assert (target["events"], target["families"]) == (["run.failed"], ["recording"])
    assert target["createdBy"] == "ops"
    texts = [
        (await caller.get(path)).text
        for path in (
            BASE,
            f"{BASE}/{target['id']}",
            "/api/audit",
            f"{BASE}/{target['id']}/deliveries",
        )
    ]
    assert json.loads(texts[0])["targets"] == [target]
    assert json.loads(texts[1])["target"] == target
    [entry] = json.loads(texts[2])["entries"]
    assert (entry["action"], entry["subject"]) == ("notification_created", "notification")
    assert entry["after"]["url"] == "https://93.184.216.34/…"
    for told in (*texts, json.dumps(target)):
        assert "of-the-path-of-it" not in told
        assert secret not in told
    [(kept,)] = await sluice.sql("SELECT t::text FROM sluice.notification_target AS t")
    assert "of-the-path-of-it" not in kept
    assert secret.removeprefix("whsec_") not in kept


async def test_one_that_takes_texts_has_no_secret(caller: httpx2.AsyncClient) -> None:
    created = await made(caller, kind="slack")
    assert created["secret"] is None
    assert created["target"]["name"] == created["target"]["id"]


REFUSED: list[tuple[dict[str, object], str, str]] = [
    ({"url": "nonsense"}, "url", "must begin with https://"),
    ({"url": "ftp://example.com/"}, "url", "must begin with https://"),
    ({"url": "https://me:of-me@example.com/"}, "url", "no user and no password"),
    ({"url": "https://example.com/#there"}, "url", "no fragment"),
    ({"url": "https://example.com:0/"}, "url", "a port from 1"),
    ({"url": "https://example.com/" + "x" * 1_990}, "url", "at most 2000"),
    ({"url": "https://10.1.2.3/"}, "url", "on a private network"),
    ({"url": "https://[fd00::1]/"}, "url", "on a private network"),
    ({"url": "https://169.254.169.254/latest"}, "url", "on a private network"),
    ({"url": "http://93.184.216.34/"}, "url", "reached by https"),
    ({"events": ["run.sunk"]}, "events", "There is no event 'run.sunk'. Known are: run.paused"),
    ({"events": ["test"]}, "events", "There is no event 'test'"),
    ({"events": []}, "events", "name one at least"),
    ({"events": ["run.failed", "run.failed"]}, "events", "names one twice"),
    ({"families": ["nowhere"]}, "families", "There is no family 'nowhere'. Known are: recording"),
    ({"name": "Not Kebab"}, "name", "kebab-case"),
    ({"kind": "pigeon"}, "kind", "'webhook' or 'slack'"),
    ({"colour": "red"}, "colour", "there is no such field"),
]
TAKEN: list[tuple[dict[str, object], str, str]] = [
    ({"name": "taken"}, "name", "is taken by ntf_"),
    ({"url": SLACK}, "url", "The target 'taken' has this address already."),
]


async def test_what_cannot_be_used_is_refused_with_its_field_and_never_quoted(
    caller: httpx2.AsyncClient, subtests: pytest.Subtests
) -> None:
    await made(caller, name="taken")
    cases = [*((422, *case) for case in REFUSED), *((409, *case) for case in TAKEN)]
    for status, values, field, sentence in cases:
        with subtests.test(values=values):
            body: dict[str, object] = {"url": "https://93.184.216.34/other", **values}
            answer = await caller.post(BASE, json=body)
            document = assert_problem(answer, status)
            assert fields(document) == [field]
            assert sentence in document["detail"]
            assert "of-me" not in answer.text
            assert "/latest" not in answer.text
    assert len((await caller.get(BASE)).json()["targets"]) == 1


async def test_there_is_room_for_so_many(caller: httpx2.AsyncClient, sluice: Sluice) -> None:
    await made(caller)
    await sluice.sql(
        "INSERT INTO sluice.notification_target"
        " (id, name, kind, shown, sealed, url_digest, created_by)"
        " SELECT 'ntf_' || n, n, 'slack', '', '', n::text::bytea, 'ops'"
        " FROM generate_series(2, :most) AS n",
        most=service.MOST_TARGETS,
    )
    answer = await caller.post(BASE, json={"url": "https://93.184.216.34/"})
    document = assert_problem(answer, 409)
    assert document["detail"] == "There are 100 targets already. Remove one first."
    first = (await caller.get(BASE, params={"limit": 60})).json()
    second = (await caller.get(BASE, params={"cursor": first["nextCursor"]})).json()
    ids = [one["id"] for one in (*first["targets"], *second["targets"])]
    assert (len(set(ids)), second["nextCursor"]) == (100, None)


async def test_a_test_is_sent_at_once_and_says_what_came_of_it(
    caller: httpx2.AsyncClient, server: Server
) -> None:
    server.answers = [FINE, response(503, b"")]
    created = await made(caller, url=server.url)
    path = f"{BASE}/{created['target']['id']}"
    sent = (await caller.post(f"{path}/test", json={"note": "is it there?"})).json()["delivery"]
    assert (sent["event"], sent["status"], sent["lastStatus"]) == ("test", "delivered", 204)
    [(_, headers, body)] = server.requests
    message = Webhook(created["secret"]).verify(body, headers)
    assert message["type"] == "test"
    assert message["data"]["url"].endswith("/console")
    sent = (await caller.post(f"{path}/test")).json()["delivery"]
    assert (sent["status"], sent["lastError"], sent["dueAt"]) == (
        "failed", "It answered 503.", None,
    )  # fmt: skip
    shown = (await caller.get(f"{path}/deliveries")).json()["deliveries"]
    assert [one["status"] for one in shown] == ["failed", "delivered"]
    entries = (await caller.get("/api/audit", params={"subject": "notification"})).json()["entries"]
    assert [entry["action"] for entry in entries] == [
        "notification_tested", "notification_tested", "notification_created",
    ]  # fmt: skip
    assert entries[1]["note"] == "is it there?"


async def test_deliveries_are_looked_at_page_by_page_and_sent_again(
    caller: httpx2.AsyncClient, sluice: Sluice, server: Server
) -> None:
    server.answers = [FINE]
    target = (await made(caller, url=server.url))["target"]["id"]
    await sluice.add_users(1)
    await sluice.start()
    async with sluice.worker():  # one that stops over a message has it in hand for a minute more
        await until(sluice, "status = 'delivered'")
    await sluice.sql(
        "INSERT INTO sluice.notification_delivery (message_id, target_id, event, data)"
        " SELECT 'msg_' || n, :target, 'run.failed', '{}' FROM generate_series(1, 5) AS n",
        target=target,
    )
    path = f"{BASE}/{target}/deliveries"
    await sender(sluice).round(PATIENCE)
    first = (await caller.get(path, params={"limit": 4})).json()
    second = (await caller.get(path, params={"cursor": first["nextCursor"]})).json()
    found = [*first["deliveries"], *second["deliveries"]]
    assert [one["id"] for one in found] == sorted((one["id"] for one in found), reverse=True)
    assert (len(found), second["nextCursor"]) == (6, None)
    assert {one["status"] for one in found} == {"delivered"}
    assert (await caller.get(path, params={"status": "failed"})).json()["deliveries"] == []
    again = await caller.post(f"{path}/{found[0]['id']}/resend")
    assert again.status_code == 202
    assert again.json()["delivery"]["status"] == "waiting"
    await sender(sluice).round(PATIENCE)
    ids = [headers["webhook-id"] for _, headers, _ in server.requests]
    assert (len(ids), len(set(ids))) == (7, 6)
    assert ids[-1] == found[0]["messageId"]
    for place, field in (
        (f"{BASE}/ntf_0/deliveries", "targetId"), (f"{path}/4711/resend", "deliveryId"),
    ):  # fmt: skip
        method = "POST" if place.endswith("resend") else "GET"
        assert fields(assert_problem(await caller.request(method, place), 404)) == [field]
    assert_problem(await caller.get(path, params={"cursor": "another"}), 422)


async def test_one_that_is_removed_is_told_no_more(
    caller: httpx2.AsyncClient, sluice: Sluice, server: Server
) -> None:
    target = (await made(caller, url=server.url))["target"]["id"]
    await sluice.played(1)
    path = f"{BASE}/{target}"
    answer = await caller.delete(path, params={"note": "moved away"})
    assert answer.json() == {"success": True, "removed": target}
    await sender(sluice).round(PATIENCE)
    assert await sluice.sql("SELECT 1 FROM sluice.notification_delivery") == []
    assert_problem(await caller.get(path), 404)
    [entry] = (await caller.get("/api/audit", params={"action": "notification_deleted"})).json()[
        "entries"
    ]
    assert (entry["name"], entry["note"]) == (target, "moved away")


async def test_one_that_is_disabled_is_neither_tried_nor_sent_anything_until_it_is_enabled(
    caller: httpx2.AsyncClient, server: Server
) -> None:
    server.answers = [response(410, b""), FINE]
    path = f"{BASE}/{(await made(caller, url=server.url))['target']['id']}"
    sent = (await caller.post(f"{path}/test")).json()["delivery"]
    target = (await caller.get(path)).json()["target"]
    assert target["disabledReason"] == "It answered 410: it wants no more messages."
    assert target["disabledAt"] is not None
    for action in ("test", f"deliveries/{sent['id']}/resend"):
        document = assert_problem(await caller.post(f"{path}/{action}"), 409)
        assert "Enable it first." in document["detail"]
    enabled = (await caller.post(f"{path}/enable")).json()["target"]
    assert (enabled["disabledAt"], enabled["disabledReason"]) == (None, None)
    sent = (await caller.post(f"{path}/test")).json()["delivery"]
    assert sent["status"] == "delivered"
