"""Who did what, when, what before and after, and why: over HTTP, as a list and as CSV."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, ClassVar

import httpx2
import pytest
from pydantic import SecretStr

from app.store import retention
from app.store.monitoring import audit
from app.store.monitoring.audit_actions import AuditAction, AuditSubject
from app.tokens import Scope, Token
from app.workflows.family import Context, FamilyParams, FinishedRun, Flow, FlowControl, Overlap
from tests.support.families import Beside, Recording
from tests.support.http import api, assert_problem, bearer, fields
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice
from tests.workflows.schedules.scheduling import make_due, scheduler_of

PROCESS = "/api/workflows/recording/process-users"
FLOW = "/api/flow-control/recording.execute"
SCHEDULES = "/api/schedules"
SECRET = "hunter2-hunter2-hunter2"
OTHER = "another-secret-of-a-schedule"


class Limited(Recording):
    flow = Flow(execute=FlowControl(parallelism=3))
    overlap = Overlap.ALLOW


class Key(FamilyParams):
    region: str = "eu"
    api_key: SecretStr = SecretStr("none")


class Keyed(Beside):
    name = "keyed"
    params = Key


@pytest.fixture
async def sluice(opener: Opener) -> AsyncIterator[Sluice]:
    async with opener(Limited(), Keyed()) as opened:
        yield opened


async def listed(
    caller: httpx2.AsyncClient, **query: str | int
) -> list[dict[str, Any]]:  # JSON documents
    answer = await caller.get("/api/audit", params=query)
    assert answer.status_code == 200, answer.text
    entries: list[dict[str, Any]] = answer.json()["entries"]
    return entries


async def done(
    caller: httpx2.AsyncClient, method: str, path: str, body: object = None
) -> Any:  # a JSON document
    answer = await caller.request(method, path, json=body)
    assert answer.is_success, answer.text
    return answer.json()


async def test_what_is_done_to_a_run_is_listed_with_who_did_it_and_why(
    sluice: Sluice, caller: httpx2.AsyncClient
) -> None:
    await sluice.add_users(2)
    run = f"/api/runs/{(await done(caller, 'POST', PROCESS, {}))['runId']}"
    paused = await done(caller, "POST", f"{run}/pause", {"note": " The API is down.\nSee #42. "})
    assert paused["run"]["detail"] == "Paused by ops. The API is down.\nSee #42."
    body = {"maxFailureRate": 0.25, "note": "It is back."}
    await done(caller, "POST", f"{run}/resume", body)
    await done(caller, "POST", f"{run}/cancel", {"note": "Not needed any more."})
    events = (await caller.get(f"{run}/events")).json()["events"]
    told = {event["kind"]: event["note"] for event in events if event["who"] == "ops"}
    assert told == {
        "created": None,
        "paused": "The API is down.\nSee #42.",
        "resumed": "It is back.",
        "cancelling": "Not needed any more.",
    }
    found = await listed(caller)
    assert [(one["action"], one["note"]) for one in reversed(found)] == [
        ("run_started", None),
        ("run_paused", "The API is down.\nSee #42."),
        ("run_resumed", "It is back."),
        ("run_cancelled", "Not needed any more."),
    ]
    assert {(one["who"], one["subject"], one["name"], one["family"]) for one in found} == {
        ("ops", "run", run.rpartition("/")[2], "recording")
    }
    resumed = found[1]
    assert (resumed["before"], resumed["after"]) == (
        {"maxFailureRate": 0.5},
        {"maxFailureRate": 0.25},
    )


async def test_a_retry_is_one_entry_and_its_reason_stands_with_both_runs(
    sluice: Sluice, caller: httpx2.AsyncClient
) -> None:
    run = (await sluice.played(2)).id
    key = {"Idempotency-Key": "once"}
    for note in ("The first try.", "Another reason is no other call."):
        body = {"status": ["succeeded"], "note": note}
        answer = await caller.post(f"/api/runs/{run}/retry", json=body, headers=key)
        assert answer.is_success, answer.text
    [one] = await listed(caller, who="ops")
    retry = answer.json()["runId"]
    assert (one["action"], one["name"], one["after"]) == ("run_retried", run, {"runId": retry})
    assert one["note"] == "The first try."
    [created, *_] = (await caller.get(f"/api/runs/{retry}/events")).json()["events"]
    assert created["note"] == "The first try."


async def test_an_approval_is_told_apart_from_another_resume(
    sluice: Sluice, caller: httpx2.AsyncClient
) -> None:
    await sluice.add_users(2)
    run_id = (await done(caller, "POST", PROCESS, {"approval": True}))["runId"]
    async with sluice.worker():
        while (await sluice.run(run_id)).reason != "approval":
            await sluice.drained()
        await done(caller, "POST", f"/api/runs/{run_id}/approve", {"note": "Cheap enough."})
        await sluice.ended(run_id)
    [one] = await listed(caller, action="run_approved")
    assert (one["name"], one["note"]) == (run_id, "Cheap enough.")
    # What the run came to by itself is nobody's doing.
    assert [one["action"] for one in await listed(caller)] == ["run_approved", "run_started"]


async def test_a_flow_key_tells_its_limits_before_and_after(
    sluice: Sluice, caller: httpx2.AsyncClient
) -> None:
    code = {
        "parallelism": 3, "rate": None, "periodSeconds": 1.0, "source": "code", "paused": False
    }  # fmt: skip
    pinned = {**code, "parallelism": 9, "rate": 5.0, "periodSeconds": 60.0, "source": "pinned"}
    pin = {"parallelism": 9, "rate": 5, "periodSeconds": 60, "note": "The quota was raised."}
    await done(caller, "PUT", FLOW, pin)
    for _ in range(2):  # what was so already is no change
        await done(caller, "POST", f"{FLOW}/pause", {"note": "An incident."})
    await done(caller, "POST", f"{FLOW}/resume")
    await done(caller, "DELETE", f"{FLOW}?note=Back%20to%20the%20code.")
    found = await listed(caller, subject="flow_key", name="recording.execute")
    assert [
        (one["action"], one["before"], one["after"], one["note"]) for one in reversed(found)
    ] == [
        ("flow_pinned", code, pinned, "The quota was raised."),
        ("flow_paused", pinned, {**pinned, "paused": True}, "An incident."),
        ("flow_resumed", {**pinned, "paused": True}, pinned, None),
        ("flow_reset", pinned, code, "Back to the code."),
    ]


async def test_a_refused_change_leaves_no_trace(caller: httpx2.AsyncClient) -> None:
    assert_problem(await caller.post("/api/flow-control/nobody.execute/pause"), 404)
    assert_problem(await caller.delete(f"{SCHEDULES}/sch_none"), 404)
    assert await listed(caller) == []


async def test_a_schedule_tells_what_differs_and_never_a_secret(
    sluice: Sluice, caller: httpx2.AsyncClient
) -> None:
    new = {
        "family": "keyed", "expression": "0 3 * * *", "name": "nightly",
        "params": {"apiKey": SECRET}, "note": f"With {SECRET} of the new account.",
    }  # fmt: skip
    made = (await done(caller, "POST", SCHEDULES, new))["schedule"]
    path = f"{SCHEDULES}/{made['id']}"
    await done(caller, "PATCH", path, {"expression": "0 4 * * *", "note": "After the backup."})
    await done(caller, "PATCH", path, {"params": {"apiKey": OTHER}})
    await done(caller, "POST", f"{path}/pause", {"note": "Holidays."})
    await done(caller, "POST", f"{path}/resume")
    await done(caller, "DELETE", f"{path}?note=Nobody%20reads%20it.")
    found = list(reversed(await listed(caller, subject="schedule", name=made["id"])))
    masked = made["params"]
    whole = {
        "name": "nightly", "expression": "0 3 * * *", "tz": "UTC", "params": masked,
        "options": {}, "catchUp": "one", "paused": False,
    }  # fmt: skip
    assert [(one["action"], one["before"], one["after"]) for one in found] == [
        ("schedule_created", None, whole),
        ("schedule_changed", {"expression": "0 3 * * *"}, {"expression": "0 4 * * *"}),
        ("schedule_changed", {"params": masked}, {"params": masked}),
        ("schedule_paused", {"paused": False}, {"paused": True}),
        ("schedule_resumed", {"paused": True}, {"paused": False}),
        ("schedule_deleted", {**whole, "expression": "0 4 * * *"}, None),
    ]
    assert {(one["who"], one["family"]) for one in found} == {("ops", "keyed")}
    assert [one["note"] for one in found] == [
        "With [redacted] of the new account.", "After the backup.", None, "Holidays.", None,
        "Nobody reads it.",
    ]  # fmt: skip
    kept = await sluice.sql("SELECT CAST(audit AS text) FROM sluice.audit")
    assert len(kept) == 6
    assert not any(secret in row[0] for row in kept for secret in (SECRET, OTHER))


async def test_runs_of_a_schedule_are_nobodys_doing_unless_somebody_starts_one(
    sluice: Sluice, caller: httpx2.AsyncClient
) -> None:
    new = {"family": "keyed", "expression": "0 3 * * *"}
    made = (await done(caller, "POST", SCHEDULES, new))["schedule"]
    await make_due(sluice, made["id"])
    await scheduler_of(sluice).fire_due()
    assert [one["action"] for one in await listed(caller)] == ["schedule_created"]
    await done(caller, "POST", f"{SCHEDULES}/{made['id']}/run")
    assert (await listed(caller))[0]["action"] == "run_started"


async def filled(sluice: Sluice, number: int) -> None:
    """So many records beside the runs, several of them of the same moment."""
    async with sluice.service.database.begin() as tx:
        for n in range(number):
            await audit.record(
                tx, AuditAction.FLOW_PAUSED, AuditSubject.FLOW_KEY, f"key{n}", who=f"who{n % 2}",
                note="=1+1" if n == 0 else None,
            )  # fmt: skip


async def test_the_list_goes_on_page_by_page_without_gap_or_repetition(
    sluice: Sluice, caller: httpx2.AsyncClient
) -> None:
    for _ in range(3):
        await filled(sluice, 4)  # in one transaction, so at one moment
        await sluice.start()
    whole = await listed(caller, limit=200)
    assert len(whole) == 15
    assert [one["at"] for one in whole] == sorted((one["at"] for one in whole), reverse=True)
    found: list[dict[str, Any]] = []
    query: dict[str, str | int] = {"limit": 2}
    while True:
        page = (await caller.get("/api/audit", params=query)).json()
        found += page["entries"]
        if page["nextCursor"] is None:
            break
        query["cursor"] = page["nextCursor"]
    assert found == whole


async def test_filters_hold_together(sluice: Sluice, caller: httpx2.AsyncClient) -> None:
    await filled(sluice, 4)
    run_id = await sluice.start()
    moment = (await sluice.sql("SELECT now()"))[0][0].isoformat()
    await done(caller, "POST", f"/api/runs/{run_id}/pause")

    async def names(**query: str | int) -> list[str]:
        return [one["name"] for one in await listed(caller, **query)]

    assert await names(who="who1") == ["key3", "key1"]
    assert await names(who="who1", name="key3", action="flow_paused") == ["key3"]
    assert await names(who="who1", action="flow_pinned") == []
    assert await names(subject="run") == [run_id, run_id]
    assert await names(subject="run", action="run_paused", who="ops") == [run_id]
    assert await names(subject="schedule") == []
    assert await names(**{"from": moment}) == [run_id]
    assert len(await names(to=moment)) == 5
    refused = await caller.get("/api/audit", params={"from": moment, "to": moment})
    assert fields(assert_problem(refused, 422)) == ["to"]
    bad = {"subject": "nothing", "action": "eaten", "cursor": "made-up", "format": "xml"}
    for name, value in bad.items():
        refused = await caller.get("/api/audit", params={name: value})
        assert fields(assert_problem(refused, 422)) == [name]


async def test_a_csv_has_all_of_it_and_nothing_that_a_spreadsheet_would_compute(
    sluice: Sluice, caller: httpx2.AsyncClient
) -> None:
    await filled(sluice, 700)
    body = {"parallelism": 9, "note": 'Two\nlines, and "quotes"'}
    await done(caller, "PUT", FLOW, body)
    asked = await caller.get("/api/audit", headers={"Accept": "text/csv"})
    assert asked.headers["content-type"].startswith("text/csv")
    named = await caller.get("/api/audit", params={"format": "csv", "limit": 1})
    assert named.text == asked.text
    rows = list(csv.DictReader(io.StringIO(asked.text, newline="")))
    whole = await listed(caller, limit=200)
    assert len(rows) == 701
    assert [row["name"] for row in rows[:200]] == [one["name"] for one in whole]
    assert rows[0]["note"] == body["note"]
    assert '"parallelism": 9' in rows[0]["after"]
    assert rows[-1]["note"] == "'=1+1"
    less = await caller.get("/api/audit", params={"format": "csv", "who": "who0"})
    assert len(less.text.splitlines()) == 351


async def test_it_is_read_with_the_right_to_read(opener: Opener) -> None:
    secrets = {scope: f"secret-of-{scope}-0123456789" for scope in (Scope.READ, Scope.CRON)}
    tokens = tuple(
        Token(name=scope, secret=SecretStr(secret), scopes=frozenset({scope}))
        for scope, secret in secrets.items()
    )
    async with opener(Limited(), tokens=tokens) as sluice, api(sluice, None) as caller:
        for scope, status in ((Scope.READ, 200), (Scope.CRON, 403)):
            answer = await caller.get("/api/audit", headers=bearer(secrets[scope]))
            assert answer.status_code == status


@pytest.mark.parametrize(
    "note", ["", "  \n ", "x" * 501, "a\tb", "a\0b", "\x1b[2J", "right\u202eleft", 5, ["x"]]
)
async def test_a_note_is_some_text_that_can_be_seen(
    sluice: Sluice, caller: httpx2.AsyncClient, note: object
) -> None:
    run = f"/api/runs/{await sluice.start()}"
    calls = [
        ("POST", f"{run}/pause"), ("POST", f"{run}/resume"), ("POST", f"{run}/cancel"),
        ("POST", f"{run}/approve"), ("POST", f"{run}/retry"), ("PUT", FLOW),
        ("POST", f"{FLOW}/pause"), ("POST", f"{SCHEDULES}/x/pause"), ("PATCH", f"{SCHEDULES}/x"),
        ("POST", "/api/backfills/bf_x/pause"), ("POST", "/api/backfills/bf_x/cancel"),
    ]  # fmt: skip
    for method, path in calls:
        refused = await caller.request(method, path, json={"note": note})
        assert fields(assert_problem(refused, 422)) == ["note"], path
    if isinstance(note, str) and "\0" not in note:
        for path in (FLOW, f"{SCHEDULES}/x"):
            refused = await caller.delete(path, params={"note": note})
            assert fields(assert_problem(refused, 422)) == ["note"]
    assert [one["action"] for one in await listed(caller)] == ["run_started"]


async def test_old_records_are_deleted_and_young_ones_stay(
    sluice: Sluice, caller: httpx2.AsyncClient
) -> None:
    await filled(sluice, 1_200)
    await sluice.sql("UPDATE sluice.audit SET at = now() - interval '11 days' WHERE name <> 'key7'")
    await retention.prune_audit(sluice.service.database, timedelta(days=10))
    assert [one["name"] for one in await listed(caller)] == ["key7"]


class Finishing(Beside):
    name = "finishing"
    begun: ClassVar[asyncio.Event]

    async def finish(self, run: FinishedRun[str], ctx: Context) -> None:
        self.begun.set()
        await ctx.suspend("go", {})


async def test_what_people_do_to_a_finish_is_listed_and_what_follows_from_its_run_is_not(
    opener: Opener,
) -> None:
    Finishing.begun = asyncio.Event()
    async with opener(Finishing()) as sluice, api(sluice) as caller:
        await sluice.add_users(1)
        run_id = await sluice.start("finishing")
        async with sluice.worker():
            async with asyncio.timeout(PATIENCE):
                await Finishing.begun.wait()
        finish = (await caller.get(f"/api/runs/{run_id}")).json()["finish"]["runId"]
        await done(caller, "POST", f"/api/runs/{finish}/pause", {"note": "Not now."})
        await done(caller, "POST", f"/api/runs/{finish}/resume", {})
        await done(caller, "POST", f"/api/runs/{run_id}/cancel", {})
        found = await listed(caller, subject="run")
    assert [(one["action"], one["name"], one["note"]) for one in found if one["who"] == "ops"] == [
        ("run_cancelled", run_id, None),
        ("run_resumed", finish, None),
        ("run_paused", finish, "Not now."),
    ]
