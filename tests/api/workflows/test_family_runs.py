"""What the list of families tells of their runs."""

from __future__ import annotations

from tests.support.families import Beside
from tests.support.http import api
from tests.support.service import Opener


async def test_a_family_is_listed_with_its_last_run_and_when_it_runs_next(opener: Opener) -> None:
    async with opener(Beside()) as sluice, api(sluice) as caller:

        async def listed() -> tuple[object, object]:
            [family] = (await caller.get("/api/families")).json()["families"]
            return family["lastRun"], family["nextFireTime"]

        assert await listed() == (None, None)
        await sluice.start()
        last = await sluice.start()
        child = await sluice.start()
        await sluice.sql("UPDATE sluice.run SET parent_run = 'run_0' WHERE id = :id", id=child)
        async with sluice.worker():
            run = await sluice.ended(last)
        assert run.finished_at is not None
        shown, due = await listed()
        assert isinstance(shown, dict)
        assert (shown["id"], shown["status"], due) == (last, "succeeded", None)
        assert shown["finishedAt"][:19] == run.finished_at.isoformat()[:19]
        for name, moment in (("late", "2099-02-01Z"), ("soon", "2099-01-01Z"), ("paused", None)):
            await sluice.sql(
                "INSERT INTO sluice.schedule (id, name, family, expression, tz, catch_up, origin,"
                " next_at, created_by, changed_by) VALUES (:name, :name, 'recording',"
                " '0 0 * * *', 'UTC', 'latest', 'api', CAST(CAST(:at AS text) AS timestamptz),"
                " 'ops', 'ops')",
                name=name,
                at=moment,
            )
        assert (await listed())[1] == "2099-01-01T00:00:00Z"
