"""A family's own schedule: its row follows the code, and the operator's pause outlives it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from app.errors import ConfigurationError
from app.workflows.contract.job_family import AnyFamily
from app.workflows.family import CatchUp, Cron, FamilyParams
from app.workflows.keys import family_schedule
from app.workflows.registry.discovery import collect_families
from app.workflows.schedules.sync import sync_declared_schedules
from tests.support.families import Beside
from tests.support.patience import PATIENCE
from tests.support.service import Opener
from tests.workflows.schedules.scheduling import look, make_due, now_of, runs_of, scheduler_of


class Where(FamilyParams):
    region: str = "eu"


class Required(FamilyParams):
    region: str


NIGHTLY = Cron("0 3 * * *", tz="Europe/Berlin", params={"region": "us"}, limit=5)
KEY = family_schedule("declaring")


def declaring(cron: object, asks: type[FamilyParams] = Where) -> AnyFamily:
    class Declaring(Beside):
        name = "declaring"
        params = asks
        schedule = cron  # type: ignore[assignment]  # some tests declare what is none

    return Declaring()


async def test_it_has_a_row_once_a_process_has_started_and_fires_as_any(opener: Opener) -> None:
    async with opener(declaring(NIGHTLY)) as sluice:
        row = await look(sluice, KEY)
        assert (row.name, row.family, row.origin, row.paused) == (KEY, "declaring", "code", False)
        assert (row.expression, row.tz, row.catch_up) == ("0 3 * * *", "Europe/Berlin", "one")
        assert (row.params, row.options) == ({"region": "us"}, {"limit": 5})
        await make_due(sluice, KEY)
        assert await scheduler_of(sluice).fire_due() == 1
        [run_id] = await runs_of(sluice, KEY)
        run = await sluice.run(run_id)
    assert (run.started_by, run.params, run.item_limit) == (f"schedule {KEY}", {"region": "us"}, 5)


async def test_a_start_that_changes_nothing_leaves_the_row_as_it_is(opener: Opener) -> None:
    async with opener(declaring(NIGHTLY)) as sluice:
        due = await make_due(sluice, KEY, timedelta(hours=1))
        before = await look(sluice, KEY)
    async with opener(declaring(NIGHTLY)) as sluice:
        assert await look(sluice, KEY) == before
        assert before.next_at == due  # what was missed meanwhile is still due


async def test_what_the_code_says_anew_is_in_force_and_what_it_leaves_stays(
    opener: Opener,
) -> None:
    async with opener(declaring(NIGHTLY)) as sluice:
        await make_due(sluice, KEY)
        await scheduler_of(sluice).fire_due()
        before = await look(sluice, KEY)
    changed = Cron("0 3 * * *", tz="Europe/Berlin", limit=9, priority=2)
    async with opener(declaring(changed)) as sluice:
        other = await look(sluice, KEY)
        assert (other.params, other.options) == ({}, {"limit": 9, "priority": 2})
        assert (other.next_at, other.last_run_id) == (before.next_at, before.last_run_id)
    later = Cron("15 4 * * *", catch_up=CatchUp.NONE)
    async with opener(declaring(later)) as sluice:
        moved = await look(sluice, KEY)
        assert (moved.expression, moved.tz, moved.catch_up) == ("15 4 * * *", "UTC", "none")
        assert moved.next_at is not None
        assert (moved.next_at.hour, moved.next_at.minute) == (4, 15)
        assert moved.last_run_id == before.last_run_id


async def test_a_pause_outlives_what_the_code_says_anew(opener: Opener) -> None:
    async with opener(declaring(NIGHTLY)) as sluice:
        await sluice.service.api.schedules.pause(KEY, paused=True, by="ops")
    for cron in (Cron("15 4 * * *"), None, NIGHTLY):
        async with opener(declaring(cron)) as sluice:
            row = await look(sluice, KEY)
            assert (row.paused, row.next_at) == (True, None)
    async with opener(declaring(NIGHTLY)) as sluice:
        resumed = await sluice.service.api.schedules.pause(KEY, paused=False, by="ops")
        assert resumed.next_at is not None


async def test_one_that_the_code_has_no_more_never_fires_until_it_is_back(opener: Opener) -> None:
    async with opener(declaring(NIGHTLY)) as sluice:
        await make_due(sluice, KEY, timedelta(days=3))
    async with opener(declaring(None)) as sluice:
        gone = await look(sluice, KEY)
        assert (gone.declared, gone.next_at) == (False, None)
        assert await scheduler_of(sluice).fire_due() == 0
        admin = sluice.service.api.schedules
        await admin.pause(KEY, paused=True, by="ops")
        assert (await admin.pause(KEY, paused=False, by="ops")).next_at is None
    async with opener(declaring(NIGHTLY)) as sluice:
        back = await look(sluice, KEY)
        assert back.declared
        assert back.next_at is not None
        assert back.next_at > await now_of(sluice)
    async with opener(declaring(None)) as sluice:
        assert (await sluice.service.api.schedules.remove(KEY, by="ops")).id == KEY


async def test_a_process_without_the_family_leaves_its_schedule_alone(opener: Opener) -> None:
    async with opener(declaring(NIGHTLY)) as sluice:
        before = await look(sluice, KEY)
        async with opener(Beside()) as other:
            assert await look(other, KEY) == before


async def test_an_old_process_that_goes_on_beside_a_new_one_undoes_nothing(
    opener: Opener,
) -> None:
    async with opener(declaring(NIGHTLY)) as old, old.worker():
        async with opener(declaring(Cron("15 4 * * *"))) as new, new.worker():
            await make_due(new, KEY)
            async with asyncio.timeout(PATIENCE):
                while not await runs_of(new, KEY):
                    await asyncio.sleep(0.02)
        row = await look(old, KEY)
        assert (row.expression, len(await runs_of(old, KEY))) == ("15 4 * * *", 1)


async def test_of_processes_that_start_at_once_one_makes_the_row(opener: Opener) -> None:
    async with opener(declaring(None), pool_size=10) as sluice:
        families = sluice.service.families
        family: Any = sluice.bound().family
        type(family).schedule = NIGHTLY
        await asyncio.gather(
            *(sync_declared_schedules(sluice.service.database, families) for _ in range(5))
        )
        assert await sluice.sql("SELECT id FROM sluice.schedule") == [(KEY,)]


@pytest.mark.parametrize(
    ("cron", "asks", "said"),
    [
        ("0 3 * * *", Where, 'declaring.schedule must be a Cron, such as Cron("0 3 * * *")'),
        (Cron("0 3 * * *", params={"regoin": 1}), Where, "params.regoin: there is no such field"),
        (Cron("0 3 * * *"), Required, "declaring.schedule: params.region: must be given"),
        (Cron("0 3 * * *", limit=0), Where, "declaring.schedule: limit: "),
        (Cron("0 3 * * *", priority=10), Where, "declaring.schedule: priority: "),
        (Cron("0 3 * * *", catch_up="all"), Where, "must be CatchUp.ONE or CatchUp.NONE, not"),  # type: ignore[arg-type]  # the point
    ],
)
def test_one_that_cannot_be_used_keeps_the_service_from_starting(
    cron: object, asks: type[FamilyParams], said: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        collect_families([("declaring.py", declaring(cron, asks))])
    assert refused.value.detail.startswith("declaring.py: ")
    assert said in refused.value.detail


async def test_tables_of_an_earlier_version_are_told(opener: Opener) -> None:
    async with opener(declaring(None)) as sluice:
        await sluice.sql("DROP TABLE sluice.schedule")
    with pytest.raises(ConfigurationError, match="sluice migrate"):
        async with opener(declaring(NIGHTLY)):
            pass
