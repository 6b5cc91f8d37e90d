"""A platform's clock calls: a moment starts one run, and nothing makes the platform try again."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from sqlalchemy import Select
from sqlmodel import col

from app.store import retention
from app.tokens import Scope, Token
from app.workflows.contract.cron import Overlap
from app.workflows.family import FamilyParams
from tests.support.families import Beside, Recording
from tests.support.http import CRON, OPS, api, assert_problem, bearer, fields, traces
from tests.support.service import Opener
from tests.support.users import User

PATH = "/api/cron/recording"
DAY = f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%d}"
FIRST = f"{DAY}T02:00:00Z"
SECOND = f"{DAY}T03:00:00Z"


async def _fire(
    caller: httpx2.AsyncClient,
    moment: str | None = None,
    path: str = PATH,
    **body: Any,  # JSON
) -> httpx2.Response:
    if moment is not None:
        body["fireTime"] = moment
    return await caller.post(path, json=body)


async def test_a_call_without_anything_starts_a_run_once_a_minute(opener: Opener) -> None:
    async with opener(Beside()) as sluice, api(sluice) as caller:
        await sluice.sql("CREATE TABLE minute AS SELECT date_trunc('minute', now()) AS began")
        first, again = await caller.post(PATH), await caller.post(PATH)
        assert first.status_code == 202
        assert first.json()["skipped"] is False
        [(same,)] = await sluice.sql("SELECT began = date_trunc('minute', now()) FROM minute")
        if same:  # else a minute ended in between
            assert (again.status_code, again.json()) == (200, first.json())
            assert again.headers["idempotency-replayed"] == "true"
        [(key,)] = await sluice.sql(
            "SELECT key FROM sluice.idempotency_key ORDER BY created_at LIMIT 1"
        )
        assert key.startswith("fire 20")
        assert ":00+00:00" in key


WAYS: dict[str, dict[str, Any]] = {  # as the client takes them
    "body": {"json": {"fireTime": FIRST}},
    "body, elsewhere on earth": {"json": {"fireTime": f"{DAY}T07:30:00+05:30"}},
    "query": {"params": {"fireTime": FIRST}},
    "Cloud Scheduler": {"headers": {"X-CloudScheduler-ScheduleTime": FIRST}},
    "body before query": {"json": {"fireTime": FIRST}, "params": {"fireTime": SECOND}},
}


async def test_however_the_moment_is_told_it_starts_one_run(opener: Opener) -> None:
    async with opener(Beside()) as sluice, api(sluice) as caller:
        answers = [await caller.request("POST", PATH, **way) for way in WAYS.values()]
        assert [answer.status_code for answer in answers] == [202, 200, 200, 200, 200]
        assert len({answer.json()["runId"] for answer in answers}) == 1
        assert (await _fire(caller, SECOND)).status_code == 202
        assert await traces(sluice) == (2, 0, 2)


async def test_a_key_of_the_callers_own_comes_before_any_moment(opener: Opener) -> None:
    key = {"Idempotency-Key": "job-28"}
    async with opener(Beside()) as sluice, api(sluice) as caller:
        first = await caller.post(PATH, json={"fireTime": FIRST, "limit": 3}, headers=key)
        again = await caller.post(PATH, json={"fireTime": SECOND, "limit": 3}, headers=key)
        assert (first.status_code, again.status_code) == (202, 200)
        assert again.json() == first.json()
        other = await caller.post(PATH, json={"limit": 4}, headers=key)
        assert fields(assert_problem(other, 422)) == ["Idempotency-Key"]
        assert (await _fire(caller, FIRST, limit=3)).status_code == 202


async def test_other_params_at_the_same_moment_are_another_call(opener: Opener) -> None:
    async with opener(Beside()) as sluice, api(sluice) as caller:
        answers = [await _fire(caller, FIRST, limit=limit) for limit in (1, 2, 1)]
        assert [answer.status_code for answer in answers] == [202, 202, 200]
        assert answers[2].json() == answers[0].json()
        assert await traces(sluice) == (2, 0, 2)


async def test_another_family_at_the_same_moment_is_another_call(opener: Opener) -> None:
    class Other(Recording):
        name = "other"

    async with opener(Recording(), Other()) as sluice, api(sluice) as caller:
        assert (await _fire(caller, FIRST)).status_code == 202
        assert (await _fire(caller, FIRST, "/api/cron/other")).status_code == 202


async def test_an_active_run_is_no_error_and_its_id_is_told(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        active = (await _fire(caller, FIRST)).json()["runId"]
        answer = await _fire(caller, SECOND)
        assert answer.status_code == 200
        assert answer.json() == {
            "success": True,
            "runId": active,
            "skipped": True,
            "message": "skipped: already active",
        }
        assert await traces(sluice) == (1, 0, 1)


async def test_a_moment_that_was_skipped_is_over_even_when_the_active_run_has_ended(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        active = (await _fire(caller, FIRST)).json()["runId"]
        skipped = await _fire(caller, SECOND)
        assert "idempotency-replayed" not in skipped.headers
        while_active = await _fire(caller, SECOND)
        await caller.post(f"/api/runs/{active}/cancel")
        after_it = await _fire(caller, SECOND)
        for again in (while_active, after_it):
            assert (again.status_code, again.json()) == (200, skipped.json())
            assert again.headers["idempotency-replayed"] == "true"
        assert (await _fire(caller, f"{DAY}T04:00:00Z")).status_code == 202


class InLine(Recording):
    overlap = Overlap.QUEUE


async def test_a_family_that_queues_is_not_skipped(opener: Opener) -> None:
    async with opener(InLine()) as sluice, api(sluice) as caller:
        assert [(await _fire(caller, at)).status_code for at in (FIRST, SECOND)] == [202, 202]
        assert await traces(sluice) == (2, 0, 1)


@pytest.mark.parametrize("at_once", [[FIRST] * 10, [f"{DAY}T02:0{n}:00Z" for n in range(10)]])
async def test_of_ten_calls_at_once_one_starts_a_run(opener: Opener, at_once: list[str]) -> None:
    async with opener(Recording(), pool_size=10) as sluice, api(sluice) as caller:
        answers = await asyncio.gather(*(_fire(caller, moment) for moment in at_once))
        assert sorted(answer.status_code for answer in answers) == [200] * 9 + [202]
        assert len({answer.json()["runId"] for answer in answers}) == 1
        assert await traces(sluice) == (1, 0, 1)


class Paid(FamilyParams):
    paid_only: bool


class Choosy(Recording):
    name = "choosy"
    params = Paid

    def eligible(self, params: FamilyParams) -> Select[str]:
        assert isinstance(params, Paid)
        query = super().eligible(params)
        return query.where(col(User.paid)) if params.paid_only else query


async def test_a_run_is_given_what_the_call_says(opener: Opener) -> None:
    async with opener(Choosy()) as sluice, api(sluice, CRON) as caller:
        body = {"params": {"paidOnly": True}, "limit": 7, "force": True, "budget": {"usd": 2}}
        answer = await _fire(caller, FIRST, "/api/cron/choosy", **body)
        assert answer.status_code == 202
        run = await sluice.run(answer.json()["runId"])
        assert (run.params, run.item_limit, run.force) == ({"paidOnly": True}, 7, True)
        assert (run.started_by, run.options["budget"]) == ("cron", {"usd": 2.0})


BAD: list[tuple[dict[str, Any], str]] = [  # JSON
    ({}, "params"),
    ({"params": {"paidOnly": "perhaps"}}, "params.paidOnly"),
    ({"params": {"paidOnly": True, "colour": "red"}}, "params.colour"),
    ({"params": {"paidOnly": True}, "limit": 0}, "limit"),
    ({"params": {"paidOnly": True}, "dryRun": True}, "dryRun"),
    ({"params": {"paidOnly": True}, "fireTime": "tonight"}, "fireTime"),
    ({"params": {"paidOnly": True}, "fireTime": "2025-11-22T02:00:00"}, "fireTime"),
]


async def test_what_cannot_be_used_is_refused_and_the_field_named(
    opener: Opener, subtests: pytest.Subtests
) -> None:
    async with opener(Choosy()) as sluice, api(sluice) as caller:
        for body, field in BAD:
            with subtests.test(body=body):
                answer = await _fire(caller, path="/api/cron/choosy", **body)
                assert fields(assert_problem(answer, 422)) == [field]
        late = {"params": {"paidOnly": True}, "fireTime": "2025-11-22T02:00:00"}
        told = assert_problem(await caller.post("/api/cron/choosy", json=late), 422)
        assert "it must say its offset from UTC" in told["detail"]
        without = await caller.post("/api/cron/choosy")
        assert fields(assert_problem(without, 422)) == ["params"]
        assert await traces(sluice) == (0, 0, 0)


def ahead(minutes: float) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()


async def test_a_moment_that_is_far_ahead_starts_nothing_and_a_clock_may_be_a_little_fast(
    opener: Opener, subtests: pytest.Subtests
) -> None:
    ways: dict[str, dict[str, Any]] = {  # as the client takes them
        "fireTime": {"json": {"fireTime": "2930-01-01T00:00:00Z"}},
        "fireTime in the query": {"params": {"fireTime": "2930-01-01T00:00:00Z"}},
        "X-CloudScheduler-ScheduleTime": {
            "headers": {"X-CloudScheduler-ScheduleTime": ahead(10)},
        },
    }
    async with opener(Beside()) as sluice, api(sluice) as caller:
        for name, way in ways.items():
            with subtests.test(way=name):
                document = assert_problem(await caller.request("POST", PATH, **way), 422)
                assert fields(document) == [name.partition(" ")[0]]
                assert "it is more than 5 minutes ahead of now, 20" in document["detail"]
                assert document["detail"].endswith("when the moment has come, or leave it out")
        assert await traces(sluice) == (0, 0, 0)
        assert (await _fire(caller, ahead(4))).status_code == 202


async def test_a_moment_older_than_the_keys_are_kept_starts_nothing(
    opener: Opener, subtests: pytest.Subtests
) -> None:
    week = 7 * 24 * 60
    ways: dict[str, dict[str, Any]] = {  # as the client takes them
        "fireTime": {"json": {"fireTime": "2019-01-01T00:00:00Z"}},
        "fireTime in the query": {"params": {"fireTime": ahead(-week - 1)}},
        "X-CloudScheduler-ScheduleTime": {
            "headers": {"X-CloudScheduler-ScheduleTime": ahead(-week - 1)},
        },
    }
    async with opener(Beside()) as sluice, api(sluice) as caller:
        for name, way in ways.items():
            with subtests.test(way=name):
                document = assert_problem(await caller.request("POST", PATH, **way), 422)
                assert fields(document) == [name.partition(" ")[0]]
                assert "it is more than 7 days ago, before 20" in document["detail"]
                assert document["detail"].endswith("leave it out to start one now")
        assert await traces(sluice) == (0, 0, 0)


async def test_a_moment_that_is_taken_starts_one_run_whenever_it_was_first_called_for(
    opener: Opener,
) -> None:
    """At its end, by a clock that was five minutes fast; retention has passed in between."""
    moment = ahead(-7 * 24 * 60 + 5)
    async with opener(Beside()) as sluice, api(sluice) as caller:
        first = await _fire(caller, moment)
        assert first.status_code == 202
        await sluice.sql(
            "UPDATE sluice.idempotency_key SET created_at = now() - interval '7 days 5 minutes'"
        )
        await retention.prune_keys(sluice.service.database)
        again = await _fire(caller, moment)
        assert (again.status_code, again.json()) == (200, first.json())


async def test_a_family_that_is_not_there_is_not_found(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        document = assert_problem(await _fire(caller, FIRST, "/api/cron/nope"), 404)
        assert "Known are: recording." in document["detail"]


async def test_the_scope_cron_or_run_opens_it_and_no_other(opener: Opener) -> None:
    tokens = tuple(
        Token(
            name=scope, secret=SecretStr(f"secret-of-{scope}-0123456789"), scopes=frozenset({scope})
        )
        for scope in Scope
    )
    async with opener(Beside(), tokens=tokens) as sluice, api(sluice, None) as caller:
        for scope in Scope:
            headers = bearer(f"secret-of-{scope}-0123456789")
            answer = await caller.post(PATH, json={"fireTime": FIRST}, headers=headers)
            if scope in (Scope.CRON, Scope.RUN):
                assert answer.status_code == 202, scope  # each token's keys are its own
            else:
                assert assert_problem(answer, 403)["needs"] == ["cron", "run"]
        assert_problem(await caller.post(PATH), 401)


async def test_each_tokens_moments_are_its_own(opener: Opener) -> None:
    async with opener(Beside()) as sluice, api(sluice, None) as caller:
        for secret in (OPS, CRON):
            answer = await caller.post(PATH, json={"fireTime": FIRST}, headers=bearer(secret))
            assert answer.status_code == 202


@pytest.mark.parametrize("moment", ["0.5", "1764374400", "now", "2026-13-01T00:00Z"])
async def test_a_moment_in_a_header_is_no_number(opener: Opener, moment: str) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        named = {"X-CloudScheduler-ScheduleTime": moment}
        document = assert_problem(await caller.post("/api/cron/recording", headers=named), 422)
        assert "such as 2026-01-31T05:00Z" in document["detail"]
