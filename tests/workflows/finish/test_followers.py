"""A family whose runs begin when another's have succeeded."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import pytest
from pydantic import SecretStr

from app.errors import ConfigurationError
from app.store.database import reading
from app.store.runs import events, runs
from app.store.tables.runs import Run
from app.workflows.contract.cron import Overlap
from app.workflows.family import After, Context, FamilyParams, Fatal, JobFamily
from tests.support.families import Recording, Work
from tests.support.http import api
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice


class OfDay(FamilyParams):
    day: date = date(2026, 1, 1)
    token: SecretStr = SecretStr("none")


class Invoiced(FamilyParams):
    imported_day: date = date(2025, 1, 1)


class Import(Recording):
    name = "import-orders"
    params = OfDay
    overlap = Overlap.ALLOW


class Invoices(Recording):
    name = "send-invoices"
    params = Invoiced
    overlap = Overlap.QUEUE
    after = After("import-orders", params={"imported_day": "day"})


class Report(Recording):
    name = "report"
    after = "send-invoices"


async def of_family(sluice: Sluice, family: str) -> list[Run]:
    async with reading(sluice.service.database) as connection:
        return await runs.page_of_runs(connection, family=family, limit=100)


async def told(sluice: Sluice, run_id: str) -> list[tuple[str | None, object]]:
    async with reading(sluice.service.database) as connection:
        found = await events.page_of_events(connection, run_id, limit=100)
    return [(event.detail, event.data) for event in found if event.kind == "followed"]


async def one_ended(sluice: Sluice, family: str) -> Run:
    async with asyncio.timeout(PATIENCE):
        while not (found := await of_family(sluice, family)):
            await asyncio.sleep(0.02)
    return await sluice.ended(found[0].id)


def without(family: type[Recording], former: object) -> Recording:
    """The family, after this."""
    made: type[Recording] = type(family.__name__, (family,), {"after": former})
    return made()


async def test_each_begins_when_the_one_before_it_has_succeeded_with_params_from_it(
    opener: Opener,
) -> None:
    async with opener(Import(), Invoices(), Report()) as sluice:
        await sluice.add_users(2)
        first = await sluice.start("import-orders", params=OfDay(day=date(2026, 3, 4)))
        async with sluice.worker():
            invoices = await one_ended(sluice, "send-invoices")
            report = await one_ended(sluice, "report")
            assert await told(sluice, first) == [
                (None, {"runId": invoices.id, "family": "send-invoices"})
            ]
            [created] = await sluice.sql(
                "SELECT who, data FROM sluice.run_event WHERE run_id = :id AND kind = 'created'",
                id=invoices.id,
            )
    assert (invoices.follows, report.follows) == (first, invoices.id)
    assert invoices.params == {"importedDay": "2026-03-04"}
    assert tuple(created) == ("sluice", {"after": first})
    assert (report.status, report.succeeded) == ("succeeded", 2)


def fail(item_id: str, ctx: Context) -> None:
    raise Fatal("no")


@pytest.mark.parametrize(
    ("work", "asked"),
    [(fail, {}), (None, {"limit": 1}), (None, {"item_ids": ["u00001"]})],
    ids=["failed", "up to a limit", "named ids"],
)
async def test_none_begins_after_a_run_that_failed_or_was_not_over_all(
    opener: Opener, work: Work | None, asked: dict[str, object]
) -> None:
    async with opener(Import(work), Invoices()) as sluice:
        await sluice.add_users(2)
        run_id = await sluice.start("import-orders", **asked)
        async with sluice.worker():
            await sluice.ended(run_id)
        assert await of_family(sluice, "send-invoices") == []


@pytest.mark.parametrize(
    ("asked", "retried", "followers"),
    [({}, {}, 1), ({"limit": 2}, {}, 0), ({}, {"itemIds": ["u00001"]}, 0)],
    ids=["of all", "of a run up to a limit", "of a part of it"],
)
async def test_a_retry_of_all_that_failed_is_the_rest_of_its_run(
    opener: Opener, asked: dict[str, object], retried: dict[str, object], followers: int
) -> None:
    broken = True

    def some_fail(item_id: str, ctx: Context) -> None:
        if broken and item_id != "u00002":
            raise Fatal("no")

    async with opener(Import(some_fail), Invoices()) as sluice, api(sluice) as caller:
        await sluice.add_users(3)
        run_id = await sluice.start("import-orders", **asked)
        async with sluice.worker():
            assert (await sluice.ended(run_id)).status == "partial"
            broken = False
            retry = (await caller.post(f"/api/runs/{run_id}/retry", json=retried)).json()["runId"]
            assert (await sluice.ended(retry)).status == "succeeded"
        assert len(await of_family(sluice, "send-invoices")) == followers


async def test_where_it_cannot_begin_the_run_that_ended_says_why(opener: Opener) -> None:
    class Once(Invoices):
        overlap = Overlap.SKIP

    async with opener(Import(), Once()) as sluice:
        await sluice.add_users(1)
        active = await sluice.start("send-invoices")
        await sluice.service.api.control.pause(active, by="test")
        run_id = await sluice.start("import-orders")
        async with sluice.worker():
            run = await sluice.ended(run_id)
        [(detail, data)] = await told(sluice, run_id)
        assert [one.id for one in await of_family(sluice, "send-invoices")] == [active]
    assert (run.status, data) == ("succeeded", None)
    assert (detail or "").startswith(
        f"send-invoices does not follow: send-invoices has an active run, {active}"
    )


class Circle(Recording):
    name = "circle"
    after = ("report",)


@pytest.mark.parametrize(
    ("families", "said"),
    [
        ([Invoices()], "send-invoices comes after 'import-orders', and there is no such family."),
        (
            [without(Report, ("circle",)), Circle()],
            "in a circle: report after circle after report.",
        ),
        ([without(Report, "report")], "in a circle: report after report."),
        (
            [Import(), without(Invoices, After("import-orders", params=("day",)))],
            "send-invoices has no param 'day'. It has: imported_day.",
        ),
        (
            [Import(), without(Invoices, After("import-orders", {"imported_day": "when"}))],
            "import-orders has no param 'when'.",
        ),
        (
            [Import(), without(Invoices, After("import-orders", {"imported_day": "token"}))],
            "the param 'token' of import-orders is a secret, which stays.",
        ),
    ],
)
async def test_what_cannot_be_meant_is_said_when_the_service_starts(
    opener: Opener, families: list[JobFamily[FamilyParams, str, str]], said: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        async with opener(*families):
            pass
    assert said in refused.value.detail


async def test_params_are_taken_as_the_code_reads_them_now(opener: Opener) -> None:
    class Changed(Import):
        params_version = 2

        def migrate_params(self, old: dict[str, Any], version: int) -> dict[str, Any]:
            return {**old, "day": "2027-01-01"}

    async with opener(Import(), Invoices()) as sluice:
        await sluice.add_users(1)
        await sluice.start("import-orders", params=OfDay(day=date(2026, 3, 4)))
    async with opener(Changed(), Invoices()) as sluice, sluice.worker():
        invoices = await one_ended(sluice, "send-invoices")
    assert invoices.params == {"importedDay": "2027-01-01"}
