"""Secrets in params: they reach the work however it is begun, and are shown nowhere."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from typing import Any

import httpx2
import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from structlog.testing import capture_logs

from app.workflows.contract.cron import Cron, Overlap
from app.workflows.family import Context, Daily, FamilyParams
from app.workflows.serialization.secret_places import MASK
from tests.support.families import Recording
from tests.support.http import api, assert_problem, fields
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice
from tests.support.stepped import Stepped
from tests.workflows.schedules.scheduling import look, make_due, runs_of, scheduler_of

SECRET = "s3cr3t-of-the-caller"
PROCESS = "/api/workflows/keyed/process-users"
KEY = {"Idempotency-Key": "once"}


class Keyed(FamilyParams):
    api_key: SecretStr
    region: str = "eu"
    day: date = date(2026, 1, 1)


class WithKey(Recording):
    """``told``: the keys that its items were given."""

    name = "keyed"
    params = Keyed
    overlap = Overlap.ALLOW
    partitions = Daily()

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []
        self.fails = False

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        assert isinstance(params, Keyed)
        self.told.append(params.api_key.get_secret_value())
        if self.fails:
            raise RuntimeError(f"refused with {params!r}")
        return await super().execute(entity, params, ctx)

    async def save(self, entity: str, result: str, params: FamilyParams, ctx: Context) -> None:
        """Nothing is kept, so that each run has something to do."""


class Nightly(WithKey):
    name = "nightly"
    schedule = Cron("0 3 * * *", params={"apiKey": SECRET})


async def everything_kept(sluice: Sluice) -> str:
    """All rows of all tables, as text, but for the service's own keys."""
    names = await sluice.sql(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
        " WHERE schemaname IN ('public', 'sluice') AND tablename <> 'service_secret'"
    )
    assert ("sluice.run",) in names
    found = [await sluice.sql(f"SELECT t::text FROM {name} AS t") for (name,) in names]  # noqa: S608 - tables of the test
    return "\n".join(row[0] for rows in found for row in rows)


async def everything_shown(caller: httpx2.AsyncClient, *paths: str) -> str:
    schema = (await caller.get("/openapi.json")).text
    return schema + "".join([(await caller.get(path)).text for path in paths])


async def ended_all(sluice: Sluice) -> None:
    async with asyncio.timeout(PATIENCE):
        while await sluice.sql("SELECT 1 FROM sluice.run WHERE finished_at IS NULL"):
            await asyncio.sleep(0.02)


async def started(caller: httpx2.AsyncClient, path: str, **body: Any) -> str:  # the answer's id
    answer = await caller.post(path, json=body)
    assert answer.status_code == 202, answer.text
    document = answer.json()
    return str(document.get("runId") or document["backfillId"])


async def test_secrets_in_params_reach_the_work_however_it_is_begun_and_are_never_shown(
    opener: Opener,
) -> None:
    family = WithKey()

    async def script(item: str, ctx: Context) -> object:
        return await ctx.child("it", "keyed", item, params={"apiKey": SECRET})

    asked = {"params": {"apiKey": SECRET}}
    logs: list[Any] = []
    async with opener(family, Nightly(), Stepped(script)) as sluice, api(sluice) as caller:
        await sluice.add_users(1)
        with capture_logs() as logs:
            async with sluice.worker():
                first = await started(caller, PROCESS, **asked)
                await ended_all(sluice)
                await started(caller, f"/api/runs/{first}/retry", status=["succeeded"])
                await started(caller, "/api/workflows/keyed/record-user", userId="u00001", **asked)
                await started(caller, "/api/cron/keyed", **asked)
                await started(caller, PROCESS, approval=True, **asked)
                await started(caller, "/api/workflows/stepped/process-users")
                january = {"from": "2026-01-02", "to": "2026-01-03"}
                await started(caller, "/api/backfills", family="keyed", **january, **asked)
                async with asyncio.timeout(PATIENCE):
                    while not (
                        asks := await sluice.sql(
                            "SELECT id FROM sluice.run WHERE status = 'paused'"
                        )
                    ):
                        await asyncio.sleep(0.02)
                await caller.post(f"/api/runs/{asks[0][0]}/resume")
                await ended_all(sluice)
        one = {"userId": "u00001", "dryRun": True, **asked}
        await caller.post("/api/workflows/keyed/record-user", json=one)
        of_run = [f"/api/runs/{first}{part}" for part in ("", "/events", "/items")]
        others = [f"/api/{name}" for name in ("runs", "backfills", "schedules", "families")]
        shown = await everything_shown(caller, *of_run, *others, "/api/overview")
        kept = await everything_kept(sluice)
        params = (await caller.get(f"/api/runs/{first}")).json()["run"]["params"]
    # started, retried, one item, by the clock, approved, as a child, backfilled, previewed
    assert family.told == [SECRET] * 8
    assert params == {"apiKey": MASK, "region": "eu", "day": "2026-01-01"}
    assert SECRET not in shown
    assert SECRET not in kept
    assert SECRET not in repr(logs)


async def test_an_error_that_shows_its_params_shows_a_mask(opener: Opener) -> None:
    family = WithKey()
    family.fails = True
    family.attempts = 1  # type: ignore[misc]  # of this one
    async with opener(family) as sluice, api(sluice) as caller:
        await sluice.add_users(1)
        run_id = await started(caller, PROCESS, params={"apiKey": SECRET})
        async with sluice.worker():
            await sluice.ended(run_id)
        [item] = await sluice.items(run_id)
        assert MASK in str(item.error_message)
        assert SECRET not in await everything_kept(sluice)


async def test_a_schedule_is_changed_without_its_secrets_being_typed_again(opener: Opener) -> None:
    family = WithKey()
    async with opener(family) as sluice, api(sluice) as caller:
        await sluice.add_users(1)
        new = {"family": "keyed", "expression": "0 3 * * *", "params": {"apiKey": SECRET}}
        made = (await caller.post("/api/schedules", json=new)).json()["schedule"]
        assert made["params"] == {"apiKey": MASK}
        path = f"/api/schedules/{made['id']}"
        body = {"params": {**made["params"], "region": "us"}}
        changed = (await caller.patch(path, json=body)).json()["schedule"]
        assert changed["params"] == {"apiKey": MASK, "region": "us"}
        await make_due(sluice, made["id"])
        await scheduler_of(sluice).fire_due()
        await caller.post(f"{path}/run")
        async with sluice.worker():
            await ended_all(sluice)
        assert len(await runs_of(sluice, made["id"])) == 2
        assert family.told == [SECRET] * 2
        assert SECRET not in await everything_kept(sluice)

        refused = await caller.patch(path, json={"params": {"region": "us"}})
        assert fields(assert_problem(refused, 422)) == ["params.apiKey"]
        refused = await caller.post("/api/schedules", json={**new, "params": made["params"]})
        assert fields(assert_problem(refused, 422)) == ["params.apiKey"]
        refused = await caller.post(PROCESS, json={"params": made["params"]})
        assert "Send the secret itself" in assert_problem(refused, 422)["detail"]


async def test_a_declared_schedule_with_a_secret_is_not_changed_by_each_start(
    opener: Opener,
) -> None:
    async with opener(Nightly()) as sluice:
        first = await look(sluice, "family:nightly")
        assert SECRET not in await everything_kept(sluice)
    async with opener(Nightly()) as sluice:
        again = await look(sluice, "family:nightly")
    assert (again.changed_at, again.sealed) == (first.changed_at, first.sealed)


async def test_another_secret_under_the_same_key_is_another_call(opener: Opener) -> None:
    async with opener(WithKey()) as sluice, api(sluice) as caller:
        asked = [{"params": {"apiKey": key}} for key in (SECRET, SECRET, "another")]
        first, again, other = [await caller.post(PROCESS, json=one, headers=KEY) for one in asked]
        assert (first.status_code, again.status_code) == (202, 200)
        assert "was used for another call" in assert_problem(other, 422)["detail"]


async def test_a_backfill_with_a_secret_knows_what_is_done(opener: Opener) -> None:
    asked = {"family": "keyed", "from": "2026-01-01", "to": "2026-01-04"}
    async with opener(WithKey()) as sluice, api(sluice) as caller:
        await sluice.add_users(1)
        body = {**asked, "params": {"apiKey": SECRET}}
        async with sluice.worker():
            key = await started(caller, "/api/backfills", **body)
            await ended_all(sluice)
        shown = (await caller.get(f"/api/backfills/{key}")).json()["backfill"]
        again = (await caller.post("/api/backfills", json={**body, "dryRun": True})).json()
        assert shown["params"] == {"apiKey": MASK}
        assert (again["partitions"], again["done"]) == (0, 3)


async def test_a_run_goes_on_behind_a_new_key_and_says_what_is_missing_without_the_old(
    opener: Opener,
) -> None:
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    family = WithKey()
    async with opener(family, secret_key=SecretStr(old)) as sluice, api(sluice) as caller:
        await sluice.add_users(1)
        run_id = await started(caller, PROCESS, params={"apiKey": SECRET})
    async with opener(family, secret_key=SecretStr(new)) as sluice, api(sluice) as caller:
        refused = await caller.post(f"/api/runs/{run_id}/retry", json={"itemIds": ["u00001"]})
        assert refused.status_code == 409
    async with opener(family, secret_key=SecretStr(f"{new},{old}")) as sluice, sluice.worker():
        await sluice.ended(run_id)
    assert family.told == [SECRET]


NOT_STORABLE: dict[str, tuple[str, str]] = {
    "NaN": ('{"params": {"apiKey": "k", "region": NaN}}', "body"),
    "Infinity": ('{"params": {"apiKey": "k", "region": Infinity}}', "body"),
    "1e400": ('{"params": {"apiKey": "k", "region": 1e400}}', "body"),
    "half a character": ('{"params": {"apiKey": "k", "region": "\\ud800"}}', "params.region"),
    "NUL": ('{"params": {"apiKey": "k", "region": "a\\u0000"}}', "params.region"),
    "NUL in a secret": ('{"params": {"apiKey": "\\u0000"}}', "params.apiKey"),
    "NUL in a list": ('{"itemIds": ["a", "\\u0000"]}', "itemIds.1"),
}


@pytest.mark.parametrize("what", NOT_STORABLE)
async def test_what_no_json_holds_is_refused_with_its_field(opener: Opener, what: str) -> None:
    text, field = NOT_STORABLE[what]
    schedule = {"family": "keyed", "expression": "0 3 * * *"}
    backfill = {"family": "keyed", "from": "2026-01-01", "to": "2026-01-02"}
    async with opener(WithKey()) as sluice, api(sluice) as caller:
        for path, more in [
            (PROCESS, {}),
            ("/api/cron/keyed", {}),
            ("/api/schedules", schedule),
            ("/api/backfills", backfill),
        ]:
            body = json.dumps(more)[:-1] + (", " if more else "") + text[1:]
            answer = await caller.post(
                path, content=body, headers={"Content-Type": "application/json"}
            )
            document = assert_problem(answer, 422)
            assert fields(document) == [field]
            assert field in document["detail"]
        wanted = text.removeprefix('{"params": ').removesuffix("}")
        coverage = await caller.get("/api/families/keyed/coverage", params={"params": wanted})
        assert coverage.status_code in (200, 422)
