"""Schedules over HTTP: made, seen, changed, and refused with the position of the fault."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from structlog.typing import EventDict

from app.tokens import Scope, Token
from app.workflows.family import Cron, FamilyParams
from app.workflows.schedules import service
from tests.support.families import Beside, Recording
from tests.support.http import api, assert_problem, fields
from tests.support.service import Opener, Sluice
from tests.workflows.schedules.scheduling import make_due, runs_of, scheduler_of

BASE = "/api/schedules"
OWN = "family:nightly"
NEW = {"family": "regional", "expression": "0 3 * * *", "tz": "Europe/Berlin"}


class Where(FamilyParams):
    region: str = "eu"
    most_items: int = 5


class Regional(Beside):
    name = "regional"
    params = Where


class Nightly(Recording):
    name = "nightly"
    schedule = Cron("30 2 * * *", tz="Europe/Berlin", limit=10)


@pytest.fixture
async def sluice(opener: Opener) -> AsyncIterator[Sluice]:
    async with opener(Regional(), Nightly()) as opened:
        yield opened


def shown(response: httpx2.Response, status: int = 200) -> dict[str, Any]:  # a JSON document
    assert response.status_code == status, response.text
    document = response.json()
    assert document["success"] is True
    schedule: dict[str, Any] = document["schedule"]
    return schedule


async def made(caller: httpx2.AsyncClient, **values: object) -> dict[str, Any]:  # a JSON document
    return shown(await caller.post(BASE, json={**NEW, **values}), 201)


async def test_one_is_made_with_what_was_named_and_shown_with_what_is_coming(
    caller: httpx2.AsyncClient,
) -> None:
    schedule = await made(
        caller,
        expression="  0  3 * *   MON-FRI ",
        name="weekdays",
        params={"mostItems": 7},
        options={"limit": 5, "approval": True},
        catchUp="none",
    )
    assert schedule["id"].startswith("sch_")
    expected = {
        "name": "weekdays", "family": "regional", "expression": "0 3 * * MON-FRI",
        "words": "At 03:00 on Monday through Friday", "tz": "Europe/Berlin",
        "params": {"mostItems": 7}, "catchUp": "none", "origin": "api", "declared": True,
        "paused": False, "last": None, "lastRun": None, "createdBy": "ops", "changedBy": "ops",
    }  # fmt: skip
    assert {name: schedule[name] for name in expected} == expected
    assert (schedule["options"]["limit"], schedule["options"]["approval"]) == (5, True)
    times = [datetime.fromisoformat(moment) for moment in schedule["nextFireTimes"]]
    assert len(times) == 5
    assert times == sorted(times)
    assert schedule["nextAt"] == schedule["nextFireTimes"][0]
    assert shown(await caller.get(f"{BASE}/{schedule['id']}")) == schedule


async def test_what_is_left_out_is_plain(caller: httpx2.AsyncClient) -> None:
    schedule = shown(
        await caller.post(BASE, json={"family": "regional", "expression": "0 3 * * *"}), 201
    )
    assert schedule["name"] == schedule["id"]
    assert (schedule["tz"], schedule["params"], schedule["catchUp"]) == ("UTC", {}, "one")


async def test_all_are_listed_in_pages_and_by_family(caller: httpx2.AsyncClient) -> None:
    ids = [OWN, *[(await made(caller))["id"] for _ in range(4)]]
    found: list[str] = []
    cursor: str | None = None
    while True:
        query: dict[str, str | int] = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await caller.get(BASE, params=query)).json()
        found += [one["id"] for one in page["schedules"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert found == ids
    of_one = (await caller.get(BASE, params={"family": "nightly"})).json()
    assert [one["id"] for one in of_one["schedules"]] == [OWN]
    assert_problem(await caller.get(BASE, params={"cursor": "made-up"}), 422)


@pytest.mark.parametrize(
    ("body", "field", "said", "position"),
    [
        ({"expression": "0 25 * * *"}, "expression", "character 3: the hour must be 0 to 23", 3),
        ({"expression": "0 3 * *"}, "expression", "day of the week is missing", 8),
        ({"expression": ""}, "expression", "character 1", 1),
        ({"tz": "Europe/Berlim"}, "tz", "character 8: there is no such time zone. Did you", 8),
        ({"family": "nope"}, "family", "Known are: nightly, regional.", None),
        ({"name": "Nightly Run"}, "name", "kebab-case", None),
        ({"name": "family:regional"}, "name", "kebab-case", None),
        ({"name": "x" * 61}, "name", "at most 60", None),
        (
            {"params": {"regoin": "eu"}},
            "params.regoin",
            "params.regoin: there is no such field",
            None,
        ),
        ({"params": {"mostItems": "many"}}, "params.mostItems", "params.mostItems", None),
        ({"params": None}, "params", "params", None),
        ({"options": {"limit": 0}}, "options.limit", "options.limit", None),
        ({"options": {"autoPromote": True}}, "options", "name both", None),
        ({"catchUp": "all"}, "catchUp", "catchUp", None),
        ({"expresion": "0 3 * * *"}, "expresion", "expresion", None),
        ({"name": "a\0b"}, "name", "NUL", None),
    ],
)
async def test_what_cannot_be_used_is_refused_with_its_field_and_position(
    caller: httpx2.AsyncClient, body: dict[str, object], field: str, said: str, position: int | None
) -> None:
    document = assert_problem(await caller.post(BASE, json={**NEW, **body}), 422)
    assert fields(document) == [field]
    assert said in document["detail"]
    assert document.get("position") == position
    assert len((await caller.get(BASE)).json()["schedules"]) == 1

    if "family" not in body and "expresion" not in body:
        schedule = await made(caller)
        path = f"{BASE}/{schedule['id']}"
        refused = assert_problem(await caller.patch(path, json=body), 422)
        assert fields(refused) == [field]
        assert shown(await caller.get(path)) == schedule


async def test_fire_times_are_told_of_an_expression_that_nobody_has_saved(
    caller: httpx2.AsyncClient,
) -> None:
    asked = {"expression": "30  2 * * *", "tz": "Europe/Berlin"}
    answer = (await caller.get(f"{BASE}/fire-times", params=asked)).json()
    times = [datetime.fromisoformat(one) for one in answer.pop("nextFireTimes")]
    assert answer == {
        "success": True,
        "expression": "30 2 * * *",
        "tz": "Europe/Berlin",
        "words": "At 02:30 every day",
    }
    assert times == sorted(times)
    assert len(times) == 5
    assert times[0] > datetime.now(UTC)
    misspelt = await caller.get(f"{BASE}/fire-times", params={"expression": "30 25 * * *"})
    document = assert_problem(misspelt, 422)
    assert (fields(document), document["position"]) == (["expression"], 4)
    nowhere = {"expression": "30 2 * * *", "tz": "Europe/Berlon"}
    document = assert_problem(await caller.get(f"{BASE}/fire-times", params=nowhere), 422)
    assert fields(document) == ["tz"]
    assert [one["id"] for one in (await caller.get(BASE)).json()["schedules"]] == [OWN]


async def test_an_edit_that_names_nothing_is_refused(caller: httpx2.AsyncClient) -> None:
    schedule = await made(caller)
    path = f"{BASE}/{schedule['id']}"
    for body in ({}, {"note": "why"}):
        document = assert_problem(await caller.patch(path, json=body), 422)
        assert (
            "at least one of expression, tz, name, params, options, catchUp" in document["detail"]
        )
    assert shown(await caller.get(path)) == schedule


async def test_an_edit_changes_what_it_names_and_nothing_else(caller: httpx2.AsyncClient) -> None:
    schedule = await made(caller, name="before", params={"region": "us"}, options={"limit": 3})
    path = f"{BASE}/{schedule['id']}"
    before = schedule["nextFireTimes"]

    renamed = shown(await caller.patch(path, json={"name": "after"}))
    assert (renamed["name"], renamed["params"], renamed["nextFireTimes"]) == (
        *("after", {"region": "us"}), before
    )  # fmt: skip
    moved = shown(await caller.patch(path, json={"tz": "Asia/Tokyo"}))
    assert moved["expression"] == "0 3 * * *"
    assert moved["nextFireTimes"] != before
    assert all(moment.endswith("18:00:00Z") for moment in moved["nextFireTimes"])
    other = shown(await caller.patch(path, json={"params": {}, "catchUp": "none"}))
    assert (other["params"], other["catchUp"], other["options"]["limit"]) == ({}, "none", 3)


async def test_a_name_is_nobody_elses(caller: httpx2.AsyncClient) -> None:
    first, second = await made(caller, name="first"), await made(caller, name="second")
    taken = assert_problem(await caller.post(BASE, json={**NEW, "name": "first"}), 409)
    assert first["id"] in taken["detail"]
    path = f"{BASE}/{second['id']}"
    assert_problem(await caller.patch(path, json={"name": "first"}), 409)
    assert shown(await caller.patch(path, json={"name": "second"}))["name"] == "second"


async def test_a_pause_lasts_until_the_resume(caller: httpx2.AsyncClient) -> None:
    schedule = await made(caller)
    path = f"{BASE}/{schedule['id']}"
    for _ in range(2):
        paused = shown(await caller.post(f"{path}/pause"))
        assert (paused["paused"], paused["nextAt"], paused["nextFireTimes"]) == (True, None, [])
    shown(await caller.patch(path, json={"expression": "0 4 * * *"}))
    assert shown(await caller.get(path))["nextAt"] is None
    for _ in range(2):
        resumed = shown(await caller.post(f"{path}/resume"))
        assert (resumed["paused"], len(resumed["nextFireTimes"])) == (False, 5)


async def test_what_came_of_it_last_is_shown(sluice: Sluice, caller: httpx2.AsyncClient) -> None:
    key = (await made(caller))["id"]
    due = await make_due(sluice, key)
    await scheduler_of(sluice).fire_due()
    schedule = shown(await caller.get(f"{BASE}/{key}"))
    [run_id] = await runs_of(sluice, key)
    assert datetime.fromisoformat(schedule["last"]["fireTime"]) == due
    assert (schedule["last"]["result"], schedule["last"]["detail"]) == ("started", None)
    assert schedule["lastRun"] == {"id": run_id, "status": "pending"}
    run = (await caller.get(f"/api/runs/{run_id}")).json()["run"]
    assert run["startedBy"] == f"schedule {key}"
    by = (await caller.get("/api/runs", params={"startedBy": f"schedule {key}"})).json()["runs"]
    assert [one["id"] for one in by] == [run_id]


async def test_a_run_now_is_a_run_of_whoever_asked_and_moves_nothing(
    sluice: Sluice, caller: httpx2.AsyncClient
) -> None:
    schedule = await made(caller, params={"region": "us"}, options={"limit": 3})
    path = f"{BASE}/{schedule['id']}"
    header = {"Idempotency-Key": "once"}
    first = await caller.post(f"{path}/run", headers=header)
    again = await caller.post(f"{path}/run", headers=header)
    assert (first.status_code, again.status_code) == (202, 200)
    assert first.json()["runId"] == again.json()["runId"]
    run = await sluice.run(first.json()["runId"])
    assert (run.started_by, run.params["region"], run.item_limit) == ("ops", "us", 3)
    assert await runs_of(sluice, schedule["id"]) == [run.id]
    assert shown(await caller.get(path)) == schedule


async def test_a_run_now_beside_an_active_run_is_refused_as_any(caller: httpx2.AsyncClient) -> None:
    first = await caller.post(f"{BASE}/{OWN}/run")
    assert first.status_code == 202
    second = assert_problem(await caller.post(f"{BASE}/{OWN}/run"), 409)
    assert second["activeRunId"] == first.json()["runId"]


async def test_one_is_removed_and_its_runs_stay(sluice: Sluice, caller: httpx2.AsyncClient) -> None:
    key = (await made(caller))["id"]
    run_id = (await caller.post(f"{BASE}/{key}/run")).json()["runId"]
    answer = await caller.delete(f"{BASE}/{key}")
    assert answer.json() == {"success": True, "removed": key}
    for method, path in (
        ("GET", key), ("PATCH", key), ("DELETE", key),
        ("POST", f"{key}/pause"), ("POST", f"{key}/resume"), ("POST", f"{key}/run"),
    ):  # fmt: skip
        body: dict[str, str] | None = {"tz": "UTC"} if method == "PATCH" else None
        document = assert_problem(await caller.request(method, f"{BASE}/{path}", json=body), 404)
        assert fields(document) == ["scheduleId"]
    assert (await sluice.run(run_id)).id == run_id


async def test_a_familys_own_is_paused_and_run_and_not_edited_or_removed(
    caller: httpx2.AsyncClient,
) -> None:
    path = f"{BASE}/{OWN}"
    own = shown(await caller.get(path))
    assert (own["origin"], own["name"], own["createdBy"]) == ("code", OWN, "sluice")
    assert (own["expression"], own["options"]["limit"]) == ("30 2 * * *", 10)
    assert "Change it there" in assert_problem(
        await caller.patch(path, json={"tz": "UTC"}), 409
    )["detail"]  # fmt: skip
    assert "pause it" in assert_problem(await caller.delete(path), 409)["detail"]
    assert shown(await caller.post(f"{path}/pause"))["paused"] is True
    assert shown(await caller.post(f"{path}/resume"))["nextFireTimes"] == own["nextFireTimes"]


async def test_params_that_the_family_takes_no_more_refuse_a_run_now(
    sluice: Sluice, caller: httpx2.AsyncClient
) -> None:
    schedule = await made(caller)
    assert schedule["refused"] is None
    key = schedule["id"]
    await sluice.sql(
        "UPDATE sluice.schedule SET params = '{\"continent\": 1}' WHERE id = :id", id=key
    )
    listed = {one["id"]: one["refused"] for one in (await caller.get(BASE)).json()["schedules"]}
    assert listed.pop(key) == "params.continent: there is no such field."
    assert set(listed.values()) == {None}
    document = assert_problem(await caller.post(f"{BASE}/{key}/run"), 409)
    assert "params.continent" in document["detail"]


async def test_there_are_no_more_than_so_many(sluice: Sluice, caller: httpx2.AsyncClient) -> None:
    await sluice.sql(
        "INSERT INTO sluice.schedule (id, name, family, expression, tz, catch_up, origin,"
        " created_by,"
        " changed_by) SELECT 'sch_' || n, 'n' || n, 'regional', '0 3 * * *', 'UTC', 'one', 'api',"
        " 'test', 'test' FROM generate_series(2, :most) AS t(n)",
        most=service.MOST_SCHEDULES,
    )
    assert "1,000" in assert_problem(await caller.post(BASE, json=NEW), 409)["detail"]


async def test_who_may_only_look_changes_nothing(opener: Opener) -> None:
    secrets = {scope: f"secret-of-{scope}-0123456789" for scope in Scope}
    tokens = tuple(
        Token(name=scope, secret=SecretStr(secrets[scope]), scopes=frozenset({scope}))
        for scope in Scope
    )
    async with opener(Regional(), Nightly(), tokens=tokens) as sluice:
        async with api(sluice, secrets[Scope.RUN]) as runner:
            schedule = await made(runner)
        path = f"{BASE}/{schedule['id']}"
        for scope in (Scope.READ, Scope.APPROVE):
            async with api(sluice, secrets[scope]) as viewer:
                assert shown(await viewer.get(path)) == schedule
                for method, at in (
                    ("POST", BASE), ("PATCH", path), ("DELETE", path), ("POST", f"{path}/pause"),
                    ("POST", f"{path}/resume"), ("POST", f"{path}/run"),
                ):  # fmt: skip
                    document = assert_problem(await viewer.request(method, at, json=NEW), 403)
                    assert document["needs"] == ["run"]
        async with api(sluice, secrets[Scope.CRON]) as clock:
            assert_problem(await clock.get(path), 403)
        assert await runs_of(sluice, schedule["id"]) == []


async def test_what_is_overdue_is_shown_as_the_first_that_is_coming(
    sluice: Sluice, caller: httpx2.AsyncClient
) -> None:
    key = (await made(caller))["id"]
    due = await make_due(sluice, key, timedelta(days=2))
    times = shown(await caller.get(f"{BASE}/{key}"))["nextFireTimes"]
    assert datetime.fromisoformat(times[0]) == due
    assert len(times) == 5


async def test_one_whose_family_is_gone_is_shown_as_such_holds_up_nobody_and_can_be_removed(
    opener: Opener, logged: list[EventDict]
) -> None:
    async with opener(Regional(), Nightly()) as before, api(before) as caller:
        own = await made(caller, family="nightly", name="of-ours")
        gone = (OWN, own["id"])
        for key in gone:
            await make_due(before, key, timedelta(days=3))
    async with opener(Regional()) as sluice, api(sluice) as caller:
        orphaned = [line["schedule"] for line in logged if line["event"] == "schedule_orphaned"]
        assert orphaned == [OWN]
        other = await made(caller, name="other")
        assert not other["orphaned"]
        await make_due(sluice, other["id"])
        assert await scheduler_of(sluice).fire_due() == 1
        assert len(await runs_of(sluice, other["id"])) == 1
        for key in gone:
            one = shown(await caller.get(f"{BASE}/{key}"))
            assert (one["orphaned"], one["nextAt"], one["nextFireTimes"]) == (True, None, [])
            document = assert_problem(await caller.post(f"{BASE}/{key}/run"), 409)
            assert "not here any more" in document["detail"]
            assert (await caller.post(f"{BASE}/{key}/pause")).status_code == 200
            assert (await caller.post(f"{BASE}/{key}/resume")).status_code == 200
            assert (await caller.delete(f"{BASE}/{key}")).status_code == 200
            assert_problem(await caller.get(f"{BASE}/{key}"), 404)
    async with opener(Regional(), Nightly()) as again, api(again) as caller:
        assert not shown(await caller.get(f"{BASE}/{OWN}"))["orphaned"]
