"""Coverage over HTTP."""

from __future__ import annotations

from tests.support.families import Recording
from tests.support.http import api, assert_problem, fields
from tests.support.service import Opener
from tests.workflows.backfills.cut import ByDay

PATH = "/api/families/recording/coverage"


async def test_it_says_how_many_have_a_result_now_and_on_each_day(opener: Opener) -> None:
    family = Recording()
    async with opener(family) as sluice, api(sluice) as caller:
        await sluice.add_users(4)
        async with sluice.worker():
            await sluice.ended(await sluice.start(limit=3))
        await sluice.sql("UPDATE sluice.coverage SET day = day - 3")
        answer = (await caller.get(PATH)).json()
        assert answer["now"] == {"eligible": 4, "withResult": 3, "exact": True}
        [day] = answer["days"]
        assert (day["eligible"], day["withResult"], day["exact"]) == (4, 3, True)
        assert day["day"].startswith("20")
        assert (answer["family"], answer["params"]) == ("recording", {})
        family.asked.clear()
        assert (await caller.get(PATH, params={"now": False})).json()["now"] is None
        assert family.asked == []


async def test_params_may_be_named_and_are_checked(opener: Opener) -> None:
    path = "/api/families/by-day/coverage"
    family = ByDay()
    async with opener(family) as sluice, api(sluice) as caller:
        users = await sluice.add_users(2)
        family.made = {("2026-01-01", users[0])}
        asked = {"params": '{"day": "2026-01-01"}'}
        now = (await caller.get(path, params=asked)).json()["now"]
        assert now == {"eligible": 2, "withResult": 1, "exact": True}
        assert fields(assert_problem(await caller.get(path), 422)) == ["params.day"]
        # What was recorded may be looked at without them; the console does at each load.
        recorded = await caller.get(path, params={"now": False})
        assert recorded.status_code == 200
        answer = recorded.json()
        assert (answer["params"], answer["now"], answer["days"]) == (None, None, [])
        for wrong in ('{"day": "someday"}', '{"day": "2026-01-01", "colour": "red"}', "day"):
            assert_problem(await caller.get(path, params={"params": wrong}), 422)


async def test_a_family_that_is_not_there_is_not_found(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        document = assert_problem(await caller.get("/api/families/nope/coverage"), 404)
        assert "Known are: recording." in document["detail"]
