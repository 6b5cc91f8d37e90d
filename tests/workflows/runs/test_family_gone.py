"""A family that is removed, or gets another name, while its run is going."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import ClassVar

import pytest
from structlog.typing import EventDict

from app.errors import ConfigurationError
from app.store.statuses import RunStatus
from app.workflows.contract.job_family import AnyFamily
from app.workflows.family import Context, Cron, RetryAfter
from app.workflows.registry.discovery import collect_families
from tests.support.control import control, kinds
from tests.support.families import Recording
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice, assert_exact
from tests.workflows.notifications.told import LOOPBACK, add_target


class Former(Recording):
    """Does five items, and puts off all others."""

    name = "former-name"
    schedule = Cron("0 3 * * *")

    def __init__(self) -> None:
        super().__init__(self._five)

    def _five(self, item_id: str, ctx: Context) -> None:
        if len(self.saved) >= 5:
            raise RetryAfter(timedelta(milliseconds=100))


class Back(Recording):
    name = "former-name"


class Renamed(Recording):
    name = "another-name"
    rename: ClassVar[str | tuple[str, ...]] = "former-name"
    schedule = Cron("0 4 * * *")


class Another(Recording):
    name = "somebody-else"


async def half_done(opener: Opener) -> str:
    """A run of thirty items, some of which are done, and that nobody works on."""
    async with opener(Former()) as sluice:
        await sluice.add_users(30)
        run_id = await sluice.start()
        async with sluice.worker(), asyncio.timeout(PATIENCE):
            while (run := await sluice.run(run_id)).scheduled < 30 or run.succeeded < 5:
                await asyncio.sleep(0.02)
    return run_id


async def told(sluice: Sluice, run_id: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while (await sluice.run(run_id)).reason != "family_gone":
            await asyncio.sleep(0.02)


async def test_a_run_whose_family_is_gone_says_what_it_waits_for_and_goes_on_when_it_is_back(
    opener: Opener, logged: list[EventDict]
) -> None:
    run_id = await half_done(opener)
    async with opener(Another(), watchdog_seconds=0.1) as sluice, sluice.worker():
        await told(sluice, run_id)
        run = await sluice.run(run_id)
        assert run.status == RunStatus.RUNNING
        assert "knows the family 'former-name'" in str(run.detail)
        await asyncio.sleep(1)  # ten more passes
        assert (await kinds(sluice, run_id)).count("family_gone") == 1
    assert [e["event"] for e in logged if e.get("run") == run_id].count("run_without_family") == 1
    async with opener(Back(), watchdog_seconds=0.1) as sluice, sluice.worker():
        run = await sluice.ended(run_id)
        assert (run.status, run.succeeded) == (RunStatus.SUCCEEDED, 30)
        assert (run.reason, run.detail) == (None, None)
        assert (await kinds(sluice, run_id)).count("family_back") == 1
        assert_exact(run, await sluice.items(run_id))


async def test_a_run_whose_family_is_gone_can_be_cancelled(opener: Opener) -> None:
    run_id = await half_done(opener)
    async with opener(Another(), watchdog_seconds=0.1) as sluice, sluice.worker():
        await told(sluice, run_id)
        await control(sluice, "cancel", run_id)
        run = await sluice.ended(run_id)
        assert (run.status, run.reason, run.detail) == (RunStatus.CANCELLED, None, None)
        assert run.cancelled == 30 - run.succeeded
        assert_exact(run, await sluice.items(run_id))


async def test_a_family_that_gets_another_name_takes_its_run_schedule_and_pins_along(
    opener: Opener,
) -> None:
    run_id = await half_done(opener)
    async with opener(Former(), **LOOPBACK) as sluice:
        await sluice.service.api.flow.pause("former-name.execute", paused=True, by="test")
        for key, partition in [("former-name", "a"), ("former-name", "b"), ("another-name", "b")]:
            await sluice.sql(
                "INSERT INTO sluice.flow_partition_override"
                " (key, partition, parallelism, period_ms, changed_by)"
                " VALUES (:key, :partition, :most, 1000, 'test')",
                key=f"{key}.execute",
                partition=partition,
                most=6 if key == "former-name" else 7,
            )
        await add_target(sluice, families=["former-name"])
    async with opener(Renamed()) as sluice:
        pass  # which did it; and whoever starts once more finds it done
    async with opener(Renamed()) as sluice:
        run = await sluice.run(run_id)
        assert run.family == "another-name"
        overrides = await sluice.sql("SELECT key, paused FROM sluice.flow_override")
        assert [tuple(row) for row in overrides] == [("another-name.execute", True)]
        pins = await sluice.sql(
            "SELECT key, partition, parallelism FROM sluice.flow_partition_override ORDER BY 2"
        )
        assert [tuple(row) for row in pins] == [
            ("another-name.execute", "a", 6),
            ("another-name.execute", "b", 7),
        ]
        targets = await sluice.sql("SELECT families FROM sluice.notification_target")
        assert [row.families for row in targets] == [["another-name"]]
        rows = await sluice.sql("SELECT id, family, expression FROM sluice.schedule")
        assert [tuple(row) for row in rows] == [
            ("family:another-name", "another-name", "0 4 * * *")
        ]
        await sluice.service.api.flow.pause("another-name.execute", paused=False, by="test")
        async with sluice.worker():
            run = await sluice.ended(run_id)
        assert (run.status, run.succeeded) == (RunStatus.SUCCEEDED, 30)
        assert_exact(run, await sluice.items(run_id))


class Same(Recording):
    name = "same"
    rename: ClassVar[str | tuple[str, ...]] = "same"


class Twice(Recording):
    name = "twice"
    rename: ClassVar[str | tuple[str, ...]] = ("other", "former-name")


@pytest.mark.parametrize(
    ("families", "says"),
    [
        ((Renamed(), Back()), "names a family that is there"),
        ((Renamed(), Twice()), "both say rename = 'former-name'"),
        ((Same(),), "and not 'same' again"),
    ],
)
def test_a_rename_that_cannot_be_is_refused_when_the_service_starts(
    families: tuple[AnyFamily, ...], says: str
) -> None:
    with pytest.raises(ConfigurationError, match=says):
        collect_families(("here", family) for family in families)
