"""What a sample answers, and that it leaves nothing behind."""

from __future__ import annotations

import pytest

from app.workflows.family import Context, FamilyParams, Flow, FlowControl
from app.workflows.samples.tally import MOST_DIFFS
from tests.api.samples.sampled import SAMPLE, Broken, Mixed, everything, sampled
from tests.support.families import Recording
from tests.support.http import api, assert_problem
from tests.support.service import Opener


async def test_it_tells_how_many_would_end_how_and_groups_what_they_say(opener: Opener) -> None:
    family = Mixed()
    async with opener(family) as sluice, api(sluice) as caller:
        await sluice.add_users(40)
        before = await everything(sluice)
        answer = await sampled(caller, size=40)
        assert await everything(sluice) == before
    assert answer["outcomes"] == {
        "succeeded": 12,
        "skipped": 4,
        "failed": 8,
        "timedOut": 4,
        "suspended": 8,
        "postponed": 4,
        "unfinished": 0,
    }
    assert (answer["asked"], answer["chosen"], answer["begun"]) == (40, 40, 40)
    assert (answer["stopped"], answer["detail"]) == (None, None)
    assert not family.saved
    assert set(family.executed.values()) == {1}
    groups = {(one["outcome"], one["errorClass"]): one for one in answer["groups"]}
    assert {key: (one["message"], one["count"], one["retried"]) for key, one in groups.items()} == {
        ("skipped", None): ("… is on holiday", 4, 0),
        ("failed", "Fatal"): ("no address of …", 4, 0),
        ("failed", "ValueError"): ("busy with …", 4, 4),
        ("timed_out", "Timeout"): ("It took longer than 5 s.", 4, 0),
        ("postponed", "RetryAfter"): ("come later", 4, 4),
    }
    assert set(groups["failed", "Fatal"]["samples"]) == {"u00002", "u00012", "u00022", "u00032"}
    stops = {one["step"]: one for one in answer["stops"]}
    assert {name: (one["kind"], one["count"]) for name, one in stops.items()} == {
        "approve": ("suspend", 4),
        "post": ("call", 4),
    }
    assert stops["approve"]["payload"] == {"text": "Shall I?"}
    assert answer["spent"] == {"usd": 0.4, "tokens": 120}
    assert 0 <= answer["medianMilliseconds"] < 5_000 <= answer["p95Milliseconds"]
    assert answer["message"].startswith(
        "Executed 40 users and saved nothing, for 0.4 USD and 120 tokens: 12 would succeed, 4 would"
        " be skipped, 8 failed, 4 timed out,"
    )


async def test_it_is_of_those_without_a_result_and_with_force_of_all(opener: Opener) -> None:
    family = Recording()
    async with opener(family) as sluice, api(sluice) as caller:
        ids = await sluice.add_users(10)
        family.done = set(ids[:6])
        answer = await sampled(caller)
        assert family.executed.keys() == set(ids[6:])
        assert (answer["totalEligible"], answer["toProcess"]) == (10, 4)
        assert answer["message"].startswith("There are 4 users to process, and not 50. Executed 4")
        answer = await sampled(caller, force=True)
        assert family.executed.keys() == set(ids)
        assert (answer["chosen"], answer["toProcess"], answer["alreadyProcessed"]) == (10, 10, 0)
        answer = await sampled(caller, itemIds=[ids[7], ids[0]])
        assert (answer["chosen"], family.executed[ids[7]]) == (1, 3)
        assert (await sampled(caller, force=True, limit=3))["toProcess"] == 3


async def test_of_nobody_it_says_so(opener: Opener) -> None:
    family = Recording()
    async with opener(family) as sluice, api(sluice) as caller:
        answer = await sampled(caller)
        assert (answer["chosen"], answer["message"]) == (0, "No eligible users found.")
        family.done = set(await sluice.add_users(2))
        answer = await sampled(caller)
        assert answer["message"] == "All users already processed."
        assert (answer["medianMilliseconds"], answer["estimate"]["seconds"]) == (None, 0)


async def test_results_that_would_change_are_counted_and_a_few_are_shown(opener: Opener) -> None:
    family = Mixed()
    async with opener(family) as sluice, api(sluice) as caller:
        ids = [one for one in await sluice.add_users(100) if one[-1] in "07"]
        family.kept = {one: f"result of {one}" for one in ids[:4]}
        family.kept |= dict.fromkeys(ids[4:14], "an old one")
        answer = await sampled(caller, itemIds=ids, force=True)
    assert (answer["outcomes"]["succeeded"], answer["compared"], answer["changed"]) == (20, 14, 10)
    assert len(answer["diffs"]) == MOST_DIFFS
    assert {one["itemId"] for one in answer["diffs"]} < set(ids[4:14])
    first = answer["diffs"][0]
    assert first["diff"].splitlines()[-2:] == ['-"an old one"', f'+"result of {first["itemId"]}"']
    assert answer["comparisonFault"] is None


class Forgetful(Recording):
    async def stored(self, item_id: str, params: FamilyParams, ctx: Context) -> str | None:
        raise RuntimeError("the table is gone")


async def test_what_cannot_be_compared_costs_nobody_the_sample(opener: Opener) -> None:
    async with opener(Forgetful()) as sluice, api(sluice) as caller:
        await sluice.add_users(2)
        answer = await sampled(caller)
    assert (answer["outcomes"]["succeeded"], answer["compared"]) == (2, 0)
    assert answer["comparisonFault"].endswith("RuntimeError: the table is gone")


async def test_one_that_says_that_all_would_fail_ends_it(opener: Opener) -> None:
    family = Broken()
    family.flow = Flow(execute=FlowControl(parallelism=1))  # type: ignore[misc]  # for this test
    async with opener(family) as sluice, api(sluice) as caller:
        await sluice.add_users(20)
        answer = await sampled(caller)
    assert (answer["begun"], answer["stopped"]) == (1, "systemic")
    assert answer["detail"] == "Systemic: the key is refused"
    assert answer["message"].endswith("It stopped: Systemic: the key is refused")


async def test_the_whole_is_estimated_by_what_the_sample_took(opener: Opener) -> None:
    family = Mixed()
    family.flow = Flow(execute=FlowControl(parallelism=2))  # type: ignore[misc]  # for this test
    async with opener(family) as sluice, api(sluice) as caller:
        ids = [one for one in await sluice.add_users(1_000) if one[-1] in "079"]
        answer = await sampled(caller, itemIds=ids, size=20)
        [family_view] = (await caller.get("/api/families")).json()["families"]
        dry = await caller.post(family_view["routes"]["process"], json={"dryRun": True})
    estimate = answer["estimate"]
    assert (answer["begun"], estimate["usd"], estimate["tokens"]) == (20, 3.0, 900)
    assert estimate["costBasis"] == "what the sample spent an item"
    assert estimate["basis"].startswith("execute at 2 at once, ")
    assert estimate["basis"].endswith(" s an item in the sample")
    assert estimate["seconds"] is not None
    assert dry.json()["estimate"]["seconds"] is None  # nobody had executed any


async def test_a_family_that_is_not_ready_executes_none(opener: Opener) -> None:
    class Away(Recording):
        async def ready(self, params: FamilyParams, ctx: Context) -> None:
            raise RuntimeError("no model is loaded")

    family = Away()
    async with opener(family) as sluice, api(sluice) as caller:
        await sluice.add_users(1)
        document = assert_problem(await caller.post(SAMPLE, json={}), 424)
        assert "no model is loaded" in document["detail"]
    assert not family.executed


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"size": 201}, "size"),
        ({"size": 0}, "size"),
        ({"seconds": 301}, "seconds"),
        ({"seconds": 0.9}, "seconds"),
        ({"seconds": True}, "seconds"),
        ({"budget": {}}, "budget"),
        ({"budget": {"usd": 0}}, "budget.usd"),
        ({"limit": 0}, "limit"),
        ({"entity": {}}, "entity"),
        ({"params": {"colour": "red"}}, "params.colour"),
        ({"itemIds": ["u1"], "itemList": "ids_1"}, "itemList"),
    ],
)
async def test_what_cannot_be_meant_is_refused_by_its_name(
    opener: Opener, body: dict[str, object], field: str
) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        document = assert_problem(await caller.post(SAMPLE, json=body), 422)
        assert [error["field"] for error in document["errors"]] == [field]


async def test_each_is_as_likely_to_be_chosen_as_any_other(opener: Opener) -> None:
    family = Recording()
    async with opener(family) as sluice, api(sluice) as caller:
        ids = await sluice.add_users(20)
        for _ in range(60):
            await sampled(caller, size=10)
    # Thirty each, within six times the deviation.
    assert set(family.executed) == set(ids)
    assert all(7 <= number <= 53 for number in family.executed.values())
