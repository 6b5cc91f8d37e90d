"""Backfills over HTTP."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from app.tokens import Scope, Token
from app.workflows.family import FamilyParams, Hourly
from tests.support.families import Recording
from tests.support.http import api, assert_problem, bearer, fields
from tests.support.patience import PATIENCE
from tests.support.service import Opener
from tests.workflows.backfills.cut import ByDay, HeldByDay

PATH = "/api/backfills"
JANUARY: dict[str, Any] = {"family": "by-day", "from": "2026-01-01", "to": "2026-02-01"}  # JSON


class PerHour(FamilyParams):
    begin_hour: datetime


async def _ended(caller: httpx2.AsyncClient, backfill_id: str) -> dict[str, Any]:  # JSON
    async with asyncio.timeout(PATIENCE):
        while True:
            answer: dict[str, Any] = (await caller.get(f"{PATH}/{backfill_id}")).json()
            if answer["backfill"]["finishedAt"]:
                return answer
            await asyncio.sleep(0.02)


async def test_a_dry_run_says_what_it_would_do_and_does_nothing(opener: Opener) -> None:
    async with opener(ByDay()) as sluice, api(sluice) as caller:
        await sluice.add_users(2)
        answer = await caller.post(PATH, json={**JANUARY, "dryRun": True, "reverse": True})
        assert (answer.status_code, answer.json()) == (
            200,
            {
                "success": True,
                "dryRun": True,
                "partitions": 31,
                "done": 0,
                "first": "2026-01-31",
                "last": "2026-01-01",
                "totalEligible": 62,
                "toProcess": 62,
                "counted": 31,
                "exact": True,
                "message": "[DryRun] Would process 62 users in 31 partitions",
            },
        )
        assert (await caller.get(PATH)).json()["backfills"] == []


async def test_it_runs_to_its_end_and_tells_its_progress(opener: Opener) -> None:
    async with opener(ByDay()) as sluice, api(sluice) as caller, sluice.worker():
        await sluice.add_users(2)
        begun = await caller.post(PATH, json={**JANUARY, "to": "2026-01-04", "maxActive": 2})
        assert (begun.status_code, begun.json()["partitions"]) == (202, 3)
        backfill_id = begun.json()["backfillId"]
        assert backfill_id.startswith("bf_")
        answer = await _ended(caller, backfill_id)
        shown = answer["backfill"]
        assert (shown["status"], shown["startedBy"], shown["mode"]) == (
            "succeeded",
            "ops",
            "missing",
        )
        assert (shown["from"], shown["to"]) == ("2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z")
        assert (shown["partitions"]["total"], shown["partitions"]["succeeded"]) == (3, 3)
        assert (answer["items"]["scheduled"], answer["items"]["succeeded"]) == (6, 6)
        [listed] = (await caller.get(PATH, params={"family": "by-day"})).json()["backfills"]
        assert listed == shown
        page = (await caller.get(f"{PATH}/{backfill_id}/partitions", params={"limit": 2})).json()
        assert [one["key"] for one in page["partitions"]] == ["2026-01-01", "2026-01-02"]
        more = {"cursor": page["nextCursor"]}
        [last] = (await caller.get(f"{PATH}/{backfill_id}/partitions", params=more)).json()[
            "partitions"
        ]
        assert (last["key"], last["status"]) == ("2026-01-03", "succeeded")
        run = (await caller.get(f"/api/runs/{last['runId']}")).json()["run"]
        assert (run["backfillId"], run["params"]["day"]) == (backfill_id, "2026-01-03")
        runs = (await caller.get("/api/runs", params={"backfill": backfill_id})).json()["runs"]
        assert len(runs) == 3
        # All of it is done: another one has nothing to do, and ends.
        again = await caller.post(PATH, json={**JANUARY, "to": "2026-01-04"})
        assert (again.status_code, again.json()["partitions"]) == (202, 0)
        await _ended(caller, again.json()["backfillId"])


async def test_it_is_paused_resumed_and_cancelled(opener: Opener) -> None:
    family = HeldByDay()
    async with opener(family) as sluice, api(sluice) as caller, sluice.worker():
        await sluice.add_users(1)
        begun = await caller.post(PATH, json={**JANUARY, "family": family.name, "maxActive": 1})
        path = f"{PATH}/{begun.json()['backfillId']}"
        await family.until_inside(1)
        for action, status in (
            ("pause", "paused"),
            ("resume", "running"),
            ("cancel", "cancelling"),
        ):
            answer = await caller.post(f"{path}/{action}")
            assert (answer.status_code, answer.json()["backfill"]["status"]) == (200, status)
        family.let_go.set()
        ended = await _ended(caller, path.rpartition("/")[2])
        assert ended["backfill"]["status"] == "cancelled"
        assert ended["backfill"]["partitions"]["cancelled"] == 31
        document = assert_problem(await caller.post(f"{path}/resume"), 409)
        assert document["backfillStatus"] == "cancelled"


async def test_the_same_call_under_the_same_key_begins_one(opener: Opener) -> None:
    key = {"Idempotency-Key": "january"}
    async with opener(ByDay()) as sluice, api(sluice) as caller:
        first = await caller.post(PATH, json=JANUARY, headers=key)
        again = await caller.post(PATH, json=JANUARY, headers=key)
        assert (first.status_code, again.status_code) == (202, 200)
        assert again.json() == first.json()
        assert again.headers["idempotency-replayed"] == "true"
        document = assert_problem(await caller.post(PATH, json=JANUARY), 409)
        assert document["activeBackfillId"] == first.json()["backfillId"]


BAD: list[tuple[dict[str, Any], int, str]] = [  # JSON
    ({"family": "nope"}, 404, "family"),
    ({"family": "recording"}, 422, "family"),
    ({"from": "2026-02-01"}, 422, "from"),
    ({"from": "January"}, 422, "from"),
    ({"to": "9999-12-31"}, 422, "to"),
    ({"from": "1970-01-01"}, 422, "to"),
    ({"maxActive": 0}, 422, "maxActive"),
    ({"mode": "some"}, 422, "mode"),
    ({"params": {"day": "2026-01-01"}}, 422, "params"),
    ({"params": {"paidOnly": "perhaps"}}, 422, "params.paidOnly"),
    ({"params": {"colour": "red"}}, 422, "params.colour"),
    ({"colour": "red"}, 422, "colour"),
]


async def test_what_cannot_be_used_is_refused_and_the_field_named(
    opener: Opener, subtests: pytest.Subtests
) -> None:
    async with opener(ByDay(), Recording()) as sluice, api(sluice) as caller:
        for change, status, field in BAD:
            with subtests.test(change=change):
                body = {**JANUARY, **change}
                if field == "to" and "from" in change:
                    body["to"] = "2026-01-01"
                for dry in (True, False):
                    answer = await caller.post(PATH, json={**body, "dryRun": dry})
                    assert fields(assert_problem(answer, status)) == [field]
        assert await sluice.sql("SELECT 1 FROM sluice.backfill") == []
        for action in ("", "/partitions"):
            assert_problem(await caller.get(f"{PATH}/bf_none{action}"), 404)


async def test_moments_are_in_utc_unless_they_say_otherwise(opener: Opener) -> None:
    async with opener(ByDay()) as sluice, api(sluice) as caller:
        body = {
            **JANUARY,
            "from": "2026-01-30T23:00:00-01:00",
            "to": "2026-02-01T00:00",
            "dryRun": True,
        }
        assert (await caller.post(PATH, json=body)).json()["first"] == "2026-01-31"


async def test_who_may_look_may_ask_for_a_dry_run_and_begin_nothing(opener: Opener) -> None:
    secret = SecretStr("secret-of-viewer-0123456789")
    viewer = Token(name="viewer", secret=secret, scopes=frozenset({Scope.READ}))
    async with opener(ByDay(), tokens=(viewer,)) as sluice, api(sluice, None) as caller:
        caller.headers.update(bearer(secret.get_secret_value()))
        assert (await caller.post(PATH, json={**JANUARY, "dryRun": True})).status_code == 200
        assert (await caller.get(PATH)).status_code == 200
        for path in (PATH, f"{PATH}/bf_x/cancel"):
            assert assert_problem(await caller.post(path, json=JANUARY), 403)["has"] == ["read"]


class ByHour(Recording):
    """Cut by a param that JSON names in its own way."""

    name = "by-hour"
    params = PerHour
    partitions = Hourly("begin_hour")


async def test_a_family_tells_how_its_work_is_cut(opener: Opener) -> None:
    async with opener(ByDay(), ByHour(), Recording()) as sluice, api(sluice) as caller:
        families = (await caller.get("/api/families")).json()["families"]
        assert {one["name"]: one["partitions"] for one in families} == {
            "by-day": {"unit": "day", "param": "day"},
            "by-hour": {"unit": "hour", "param": "beginHour"},
            "recording": None,
        }
