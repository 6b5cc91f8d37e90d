"""Three schedulers through both changes of the clock, with time under control.

What is due is decided by the database's clock, and by no worker's. So that is the clock that is set
here: a function ``now`` of the test's own stands before that of Postgres.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from tests.support.families import Beside
from tests.support.service import Opener, Sluice
from tests.workflows.schedules.scheduling import look, now_of, scheduled, scheduler_of

SetClock = Callable[[datetime], Awaitable[None]]
BERLIN = "Europe/Berlin"
_CLOCK = """
    CREATE SCHEMA clock;
    CREATE TABLE clock.stands (at timestamptz);
    INSERT INTO clock.stands VALUES (pg_catalog.now());
    CREATE FUNCTION clock.now() RETURNS timestamptz STABLE LANGUAGE sql
        AS 'SELECT at FROM clock.stands';
    DO $$ BEGIN EXECUTE format(
        'ALTER DATABASE %I SET search_path = public, clock, pg_catalog', current_database()
    ); END $$;
"""


@pytest.fixture
async def set_clock(database_url: str) -> AsyncIterator[SetClock]:
    """To be set before the service is opened: it holds for new connections."""
    connection = await asyncpg.connect(database_url)
    await connection.execute(_CLOCK)

    async def set_to(moment: datetime) -> None:
        await connection.execute("UPDATE clock.stands SET at = $1", moment)

    yield set_to
    await connection.close()


async def fired(sluice: Sluice, key: str) -> list[str]:
    """The fire times of the runs that it started, by the clock of Berlin."""
    rows = await sluice.sql(
        "SELECT data->>'fireTime' FROM sluice.run_event WHERE kind = 'created'"
        " AND data->>'schedule' = :id ORDER BY id",
        id=key,
    )
    moments = [datetime.fromisoformat(row[0]).astimezone(ZoneInfo(BERLIN)) for row in rows]
    return [f"{moment:%d.%m. %H:%M %z}" for moment in moments]


@pytest.mark.parametrize(
    ("begin", "nightly", "at_three"),
    [
        (
            datetime(2026, 3, 27, 12, tzinfo=UTC),
            ["28.03. 02:30 +0100", "29.03. 03:00 +0200", "30.03. 02:30 +0200"],
            ["28.03. 03:00 +0100", "29.03. 03:00 +0200", "30.03. 03:00 +0200"],
        ),
        (
            datetime(2026, 10, 23, 12, tzinfo=UTC),
            ["24.10. 02:30 +0200", "25.10. 02:30 +0200", "26.10. 02:30 +0100"],
            ["24.10. 03:00 +0200", "25.10. 03:00 +0100", "26.10. 03:00 +0100"],
        ),
    ],
    ids=["spring", "autumn"],
)
async def test_each_night_is_fired_once_through_a_change_of_the_clock(
    set_clock: SetClock, opener: Opener, begin: datetime, nightly: list[str], at_three: list[str]
) -> None:
    await set_clock(begin)
    async with opener(Beside(), pool_size=10) as sluice:
        assert await now_of(sluice) == begin
        missing = await scheduled(sluice, "30 2 * * *", tz=BERLIN)
        three = await scheduled(sluice, "0 3 * * *", tz=BERLIN)
        hourly = await scheduled(sluice, "0 * * * *", tz=BERLIN)
        schedulers = [scheduler_of(sluice) for _ in range(3)]
        for step in range(3 * 48):
            await set_clock(begin + step * timedelta(minutes=30))
            await asyncio.gather(*(scheduler.fire_due() for scheduler in schedulers))
        assert await fired(sluice, missing) == nightly
        assert await fired(sluice, three) == at_three
        # An hour is an hour, whatever the clock on the wall says.
        by_hours = await fired(sluice, hourly)
        assert len(by_hours) == len(set(by_hours)) == 71
        following = (await look(sluice, missing)).next_at
        assert following is not None
        assert following > begin + timedelta(days=3)


async def test_what_was_missed_through_a_change_of_the_clock_is_one_run(
    set_clock: SetClock, opener: Opener
) -> None:
    await set_clock(datetime(2026, 3, 27, 12, tzinfo=UTC))
    async with opener(Beside(), pool_size=10) as sluice:
        key = await scheduled(sluice, "30 2 * * *", tz=BERLIN)
        await set_clock(datetime(2026, 3, 30, 12, tzinfo=UTC))
        schedulers = [scheduler_of(sluice) for _ in range(3)]
        assert sum(await asyncio.gather(*(each.fire_due() for each in schedulers))) == 1
        assert await fired(sluice, key) == ["30.03. 02:30 +0200"]
