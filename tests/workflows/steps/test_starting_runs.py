"""Starting another family's run from an item: once, and without waiting for it."""

from __future__ import annotations

from typing import Any

import pytest

from app.store.statuses import StepStatus
from app.workflows.contract.cron import Overlap
from app.workflows.family import Context, FinishedRun
from tests.support.families import Recording
from tests.support.http import api
from tests.support.service import Opener
from tests.support.stepped import Stepped, remembered


class Other(Recording):
    name = "other"


class Queued(Other):
    overlap = Overlap.QUEUE


async def test_the_run_goes_on_by_itself_and_is_the_steps_result(opener: Opener) -> None:
    async def script(item_id: str, ctx: Context) -> Any:
        return await ctx.start("then", "other", item_ids=["u00002"])

    family, other = Stepped(script), Other()
    async with opener(family, other) as sluice:
        await sluice.add_users(2)
        run_id = await sluice.start("stepped", item_ids=["u00001"])
        async with sluice.worker():
            await sluice.ended(run_id)
            started = await sluice.ended(family.results["u00001"])
        [step] = await remembered(sluice, run_id)
        event = await sluice.sql(
            "SELECT who, data FROM sluice.run_event WHERE run_id = :id AND kind = 'created'",
            id=started.id,
        )
    assert (started.family, started.status, started.parent_run) == ("other", "succeeded", None)
    assert started.follows == run_id
    assert other.executed == {"u00002": 1}
    assert (step.kind, step.status) == ("start", StepStatus.DONE)
    assert tuple(event[0]) == ("step then", {"runId": run_id, "itemId": "u00001"})


class Finished(Recording):
    async def finish(self, run: FinishedRun[str], ctx: Context) -> str:
        return await ctx.start("then", "other")


async def test_what_a_finish_starts_follows_its_run(opener: Opener) -> None:
    """A finish is a part of its run, and is no line's stop of its own."""
    async with opener(Finished(), Other()) as sluice, api(sluice) as caller:
        run = await sluice.played(family="recording")
        path = f"/api/runs?follows={run.id}"
        [started] = (await caller.get(path)).json()["runs"]
        finish = (await caller.get(f"/api/runs/{run.id}")).json()["finish"]
    assert (started["id"], started["follows"]) == (finish["result"], run.id)


async def test_an_item_that_comes_again_starts_no_second_run(opener: Opener) -> None:
    async def script(item_id: str, ctx: Context) -> Any:
        started = await ctx.start("then", "other")
        if ctx.attempt == 1:
            raise RuntimeError("not yet")
        return started

    async with opener(Stepped(script), Queued()) as sluice:
        run = await sluice.played(family="stepped")
        started = await sluice.sql("SELECT id FROM sluice.run WHERE family = 'other'")
    assert run.status == "succeeded"
    assert len(started) == 1


async def test_where_one_is_active_already_the_items_next_attempt_tries_again(
    opener: Opener,
) -> None:
    seen: list[str] = []

    async def script(item_id: str, ctx: Context) -> Any:
        try:
            return await ctx.start("then", "other")
        except Exception as error:
            seen.append(str(error))
            raise

    async with opener(Stepped(script), Other()) as sluice:
        await sluice.add_users(1)
        active = await sluice.start("other")
        await sluice.service.api.control.pause(active, by="test")
        run_id = await sluice.start("stepped")
        async with sluice.worker():
            run = await sluice.ended(run_id)
        [item] = await sluice.items(run_id)
        started = await sluice.sql("SELECT id FROM sluice.run WHERE family = 'other'")
    assert (run.status, item.attempts, item.error_class) == ("failed", 2, "Conflict")
    assert len(seen) == 2
    assert f"other has an active run, {active}" in seen[0]
    assert [row[0] for row in started] == [active]


@pytest.mark.parametrize(
    ("family", "asked", "said"),
    [
        ("nobody", {}, "Known are: other, stepped."),
        ("other", {"params": {"colour": "red"}}, "other does not take these params"),
        ("other", {"item_ids": []}, "item_ids must be a list of one id or more."),
        ("other", {"item_ids": "u00001"}, "item_ids must be a list of one id or more."),
        ("other", {"item_ids": ["u\0"]}, "An item id has 1 to"),
    ],
)
async def test_what_cannot_be_started_fails_the_item_at_once(
    opener: Opener, family: str, asked: dict[str, Any], said: str
) -> None:
    async def script(item_id: str, ctx: Context) -> Any:
        return await ctx.start("then", family, **asked)

    async with opener(Stepped(script), Other()) as sluice:
        run = await sluice.played(family="stepped")
        [item] = await sluice.items(run.id)
    assert (item.status, item.attempts) == ("failed", 1)
    assert said in (item.error_message or "")


async def test_a_preview_stops_there(opener: Opener) -> None:
    async def script(item_id: str, ctx: Context) -> Any:
        return await ctx.start("then", "other")

    async with opener(Stepped(script), Other()) as sluice:
        await sluice.add_users(1)
        bound, previews = sluice.bound("stepped"), sluice.service.client.previews
        preview = await previews.preview(bound, "u00001", bound.family.params())
        started = await sluice.sql("SELECT id FROM sluice.run")
    assert preview.stop is not None
    assert (preview.stop.step, preview.stop.kind) == ("then", "start")
    assert started == []
