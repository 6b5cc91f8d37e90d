"""``/api/events``: who may send, what is refused, and what is shown."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from app.schemas.sent_events.bodies import LARGEST_EVENT, MOST_EVENTS
from app.store import retention
from app.tokens import Scope, Token
from app.workflows.family import Event
from tests.support.http import OPS, api, assert_problem, bearer
from tests.support.service import Opener
from tests.workflows.events.heard import Hearing, Planned, starter_of, starts

PATH = "/api/events"
SENDER = "secret-of-sender-0123456789"
EVENT = {"name": "user/registered", "data": {"user": {"id": "u1"}}, "id": "e1"}
TOKENS = (
    Token(name="ops", secret=SecretStr(OPS)),
    Token(name="sender", secret=SecretStr(SENDER), scopes=frozenset({Scope.EVENT})),
)


async def test_one_event_is_taken_and_taken_once(opener: Opener) -> None:
    async with opener(Hearing()) as sluice, api(sluice) as client:
        first = await client.post(PATH, json=EVENT)
        assert (first.status_code, first.json()) == (
            202,
            {
                "success": True,
                "events": [
                    {
                        "name": "user/registered",
                        "id": "e1",
                        "duplicate": False,
                        "unmatched": False,
                        "starts": [{"family": "hearing", "itemId": "u1"}],
                        "woke": 0,
                    }
                ],
            },
        )
        again = await client.post(PATH, json=EVENT)
        assert again.status_code == 200
        assert again.json()["events"][0]["duplicate"] is True
        assert [one["events"] for one in await starts(sluice)] == [1]


async def test_a_list_is_answered_in_its_order(opener: Opener) -> None:
    async with opener(Hearing()) as sluice, api(sluice) as client:
        events = [{**EVENT, "id": f"e{9 - number}"} for number in range(5)]
        answer = await client.post(PATH, json=[*events, {"name": "other"}])
        found = answer.json()["events"]
    assert [one["id"] for one in found[:5]] == ["e9", "e8", "e7", "e6", "e5"]
    assert found[5]["unmatched"]


async def test_a_call_is_repeated_under_its_key(opener: Opener) -> None:
    events = [{"name": "user/registered", "data": {"user": {"id": user}}} for user in "ab"]
    async with opener(Hearing(), pool_size=10) as sluice, api(sluice) as client:
        calls = [client.post(PATH, json=events, headers={"Idempotency-Key": "k"}) for _ in range(6)]
        answers = await asyncio.gather(*calls)
        assert sorted(one.status_code for one in answers) == [200] * 5 + [202]
        assert len({one["id"] for answer in answers for one in answer.json()["events"]}) == 2
        replayed = [one for one in answers if "Idempotency-Replayed" in one.headers]
        assert len(replayed) == 5
        assert [one["events"] for one in await starts(sluice)] == [1, 1]
        other = await client.post(PATH, json=events[:1], headers={"Idempotency-Key": "k"})
        assert_problem(other, 422)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "user registered"}, "name"),
        ({"name": ""}, "name"),
        ({"name": 7}, "name"),
        ({"name": "a", "data": []}, "data"),
        ({"name": "a", "data": "x"}, "data"),
        ({"name": "a", "id": ""}, "id"),
        ({"name": "a", "id": "x" * 201}, "id"),
        ({"name": "a", "id": "a\nb"}, "id"),
        ({"name": "a", "id": 7}, "id"),
        ({"name": "a", "at": "yesterday"}, "at"),
        ({"name": "a", "at": "2026-01-31T05:00"}, "at"),
        ({"name": "a", "at": 5}, "at"),
        ({"name": "a", "more": 1}, "more"),
        ([{"name": "a"}, {"name": "b", "id": ""}], "1.id"),
        ([{"name": "a"}, "b"], "1"),
        ([], "body"),
        ("user/registered", "body"),
        (None, "body"),
        ({"name": "user/registered"}, "data.user.id"),
        ([EVENT, {"name": "user/registered", "data": {"user": 1}}], "1.data.user.id"),
    ],
)
async def test_what_is_malformed_is_refused_with_its_field_and_nothing_is_taken(
    opener: Opener, body: Any, field: str
) -> None:
    async with opener(Hearing()) as sluice, api(sluice) as client:
        document = assert_problem(await client.post(PATH, json=body), 422)
        assert document["errors"][0]["field"] == field
        assert await sluice.sql("SELECT 1 FROM sluice.event") == []


async def test_too_many_or_too_large_is_413(opener: Opener) -> None:
    async with opener(Hearing()) as sluice, api(sluice) as client:
        many = [{"name": "a"}] * (MOST_EVENTS + 1)
        assert_problem(await client.post(PATH, json=many), 413)
        assert (await client.post(PATH, json=many[1:])).status_code == 202
        fits = {"name": "a", "data": {"x": "ü" * ((LARGEST_EVENT - 8) // 2)}}
        assert (await client.post(PATH, json=fits)).status_code == 202
        large = {"name": "a", "data": {"x": "x" * LARGEST_EVENT}}
        document = assert_problem(await client.post(PATH, json=large), 413)
        assert document["errors"][0]["field"] == "data"
        document = assert_problem(await client.post(PATH, json=[fits, large]), 413)
        assert document["errors"][0]["field"] == "1.data"
        whole = [{"name": "a", "data": {"x": "x" * 250_000}}] * 5
        assert_problem(await client.post(PATH, json=whole), 413)


async def test_what_the_familys_own_code_raises_is_told_and_nothing_is_taken(
    opener: Opener,
) -> None:
    class Choosy(Hearing):
        on = (Event("order/paid", item="id", when=lambda data: data["total"] > 1),)

    async with opener(Choosy()) as sluice, api(sluice) as client:
        answer = await client.post(PATH, json={"name": "order/paid", "data": {"id": "a"}})
        assert answer.status_code >= 500
        assert "KeyError" in answer.json()["detail"]
        assert await sluice.sql("SELECT 1 FROM sluice.event") == []


async def test_a_token_of_its_own_sends_and_sees_nothing(opener: Opener) -> None:
    async with opener(Hearing(), tokens=TOKENS) as sluice, api(sluice) as client:
        sent = await client.post(PATH, json=EVENT, headers=bearer(SENDER))
        assert sent.status_code == 202
        for path in (PATH, f"{PATH}/unmatched", "/api/runs"):
            assert_problem(await client.get(path, headers=bearer(SENDER)), 403)
        run = "/api/workflows/hearing/process-users"
        assert_problem(await client.post(run, json={}, headers=bearer(SENDER)), 403)
        [[sender]] = await sluice.sql("SELECT sender FROM sluice.event")
    assert sender == "sender"


async def test_the_last_ones_are_listed_with_what_came_of_them(opener: Opener) -> None:
    async with opener(Hearing(), Planned()) as sluice, api(sluice) as client:
        for number in range(3):
            event = {"name": "user/registered", "data": {"user": {"id": f"u{number}"}}}
            await client.post(PATH, json={**event, "id": f"e{number}"})
        assert await starter_of(sluice).start_due() == 1
        await client.post(PATH, json={**EVENT, "id": "late", "at": "2026-01-31T05:00:00+01:00"})
        first = (await client.get(PATH, params={"limit": 2})).json()
        rest = (await client.get(PATH, params={"limit": 2, "cursor": first["nextCursor"]})).json()
        [[run_id]] = await sluice.sql("SELECT id FROM sluice.run")
    found = [*first["events"], *rest["events"]]
    assert [one["id"] for one in found] == ["late", "e2", "e1", "e0"]
    assert rest["nextCursor"] is None
    assert found[0]["at"] == "2026-01-31T04:00:00Z"
    assert found[0]["starts"][0]["runId"] is None
    assert {one["starts"][0]["runId"] for one in found[1:]} == {run_id}
    assert all("data" not in one for one in found)


async def test_names_that_no_family_knows_are_listed_with_how_many_came(opener: Opener) -> None:
    async with opener(Hearing()) as sluice, api(sluice) as client:
        names = ["c", "a", "b", "a", "a", "user/registered"]
        data = {"user": {"id": "u1"}}
        await client.post(PATH, json=[{"name": name, "data": data} for name in names])
        first = (await client.get(f"{PATH}/unmatched", params={"limit": 2})).json()
        cursor = first["nextCursor"]
        rest = (await client.get(f"{PATH}/unmatched", params={"cursor": cursor})).json()
    found = [*first["names"], *rest["names"]]
    assert [(one["name"], one["count"], one["exact"]) for one in found] == [
        ("a", 3, True),
        ("b", 1, True),
        ("c", 1, True),
    ]


async def test_those_of_one_name_are_listed_page_by_page(opener: Opener) -> None:
    async with opener(Hearing()) as sluice, api(sluice) as client:
        names = ["a", "b"] * 3
        for number, name in enumerate(names):
            await client.post(PATH, json={"name": name, "id": str(number)})
        found: list[str] = []
        query = {"name": "b", "limit": "2"}
        while True:
            page = (await client.get(PATH, params=query)).json()
            found += (one["id"] for one in page["events"])
            if page["nextCursor"] is None:
                break
            query["cursor"] = page["nextCursor"]
        # The cursor is of this list alone.
        other = await client.get(PATH, params={**query, "name": "a"})
    assert found == ["5", "3", "1"]
    assert other.status_code == 422


async def test_old_ones_are_deleted_and_what_waits_stays(opener: Opener) -> None:
    async with opener(Hearing()) as sluice, api(sluice) as client:
        await client.post(PATH, json=EVENT)
        assert await starter_of(sluice).start_due() == 1
        waiting = {**EVENT, "id": "e2", "data": {"user": {"id": "u2"}}}
        await client.post(PATH, json=waiting)
        await sluice.sql("UPDATE sluice.event SET received_at = now() - interval '8 days'")
        await sluice.sql(
            "UPDATE sluice.event_start SET settled_at = now() - interval '8 days'"
            " WHERE settled_at IS NOT NULL"
        )
        await retention.prune_events(sluice.service.database, timedelta(days=7))
        assert await sluice.sql("SELECT 1 FROM sluice.event") == []
        assert [one["item_id"] for one in await starts(sluice)] == ["u2"]
        assert (await client.post(PATH, json=EVENT)).status_code == 202
