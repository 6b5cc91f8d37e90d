"""``ctx.batched``: many items' calls as one, each item's answer remembered as its step."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from app.errors import ConfigurationError
from app.store.statuses import ItemStatus
from app.workflows.family import (
    Backoff,
    Context,
    FamilyParams,
    Flow,
    FlowControl,
    JobFamily,
    Overlap,
    RetryAfter,
    batched,
)
from app.workflows.registry.discovery import require_complete
from tests.support.clocks.virtual_time import pass_by
from tests.support.families import Recording
from tests.support.http import api
from tests.support.patience import PATIENCE
from tests.support.service import Opener, assert_exact
from tests.support.stepped import Script, Stepped, remembered

QUICK = Backoff(initial=timedelta(milliseconds=20), longest=timedelta(milliseconds=50))


class Shouting(Stepped):
    """Its batched method answers in capital letters, and fails where ``bad`` are among them."""

    name = "shouting"

    def __init__(self, script: Script | None = None, bad: Sequence[str] = ()) -> None:
        super().__init__(script or self._ask)
        self.calls: list[list[str]] = []
        self.bad = set(bad)

    async def _ask(self, item: str, ctx: Context) -> str:
        answer: str = await ctx.batched("shout", item)
        return answer

    @batched(size=100, within=timedelta(milliseconds=200))
    async def shout(
        self, texts: list[str], params: FamilyParams, ctx: Context
    ) -> list[str | Exception]:
        self.calls.append(texts)
        ctx.spend(tokens=len(texts))
        if self.bad.intersection(texts):
            raise ValueError("one of them is bad")
        return [text.upper() for text in texts]


async def test_many_items_make_one_call_and_each_remembers_its_answer(opener: Opener) -> None:
    class Full(Shouting):
        """Its call goes when it is full, whenever that is."""

        @batched(size=100, within=timedelta(minutes=1))
        async def shout(
            self, texts: list[str], params: FamilyParams, ctx: Context
        ) -> list[str | Exception]:
            return await super().shout(texts, params, ctx)

    family = Full()
    async with opener(family, worker_concurrency=100) as sluice:
        run = await sluice.played(100)
        assert (run.status, run.spent_tokens) == ("succeeded", 100)
        assert family.results["u00042"] == "U00042"
        assert sorted(text for call in family.calls for text in call) == sorted(family.executed)
        assert len(family.calls) == 1
        [step] = await remembered(sluice, run.id, "u00042")
        assert (step.name, step.kind, step.status, step.attempts) == ("shout", "run", "done", 1)


async def test_an_item_that_comes_again_asks_for_nothing_that_it_remembers(opener: Opener) -> None:
    async def script(item: str, ctx: Context) -> str:
        answer: str = await ctx.batched("shout", item)
        if family.executed[item] == 1:
            raise RetryAfter(timedelta(milliseconds=10))
        return answer

    family = Shouting(script)
    async with opener(family) as sluice:
        assert (await sluice.played(10)).status == "succeeded"
        assert set(family.executed.values()) == {2}
        assert sorted(text for call in family.calls for text in call) == sorted(family.executed)


async def test_one_bad_item_fails_and_the_others_do_not(opener: Opener) -> None:
    class Once(Shouting):
        attempts = 1

    family = Once(bad=["u00007"])
    async with opener(family, worker_concurrency=40) as sluice:
        run = await sluice.played(40)
        assert (run.succeeded, run.failed) == (39, 1)
        rows = await sluice.items(run.id)
        assert_exact(run, rows)
        [failed] = [row for row in rows if row.status == ItemStatus.FAILED]
        assert (failed.item_id, failed.error_class) == ("u00007", "ValueError")
        assert "one of them is bad" in (failed.error_message or "")


async def test_a_value_that_fails_is_tried_again_as_a_step_is(opener: Opener) -> None:
    async def script(item: str, ctx: Context) -> str:
        if family.executed[item] == 2:
            family.bad.clear()
        answer: str = await ctx.batched("shout", item, attempts=2, backoff=QUICK)
        return answer

    family = Shouting(script, bad=["u00002"])
    async with opener(family) as sluice:
        run = await sluice.played(3)
        assert run.status == "succeeded"
        [step] = await remembered(sluice, run.id, "u00002")
        assert (step.attempts, step.status) == (2, "done")


async def test_an_item_may_ask_for_several_side_by_side(opener: Opener) -> None:
    async def script(item: str, ctx: Context) -> list[str]:
        parts = (ctx.batched("shout", f"{item}-{n}", name=f"part-{n}") for n in range(3))
        return list(await asyncio.gather(*parts))

    family = Shouting(script)
    async with opener(family) as sluice:
        assert (await sluice.played(2)).status == "succeeded"
        assert family.results["u00002"] == ["U00002-0", "U00002-1", "U00002-2"]


async def test_runs_are_not_mixed(opener: Opener) -> None:
    async def script(item: str, ctx: Context) -> None:
        assert await ctx.batched("which", item) == ctx.run_id

    class Which(Stepped):
        overlap = Overlap.ALLOW

        @batched(within=timedelta(milliseconds=100))
        async def which(
            self, texts: list[str], params: FamilyParams, ctx: Context
        ) -> list[str | None]:
            return [ctx.run_id] * len(texts)

    async with opener(Which(script)) as sluice:
        ids = await sluice.add_users(6)
        started = [await sluice.start(item_ids=some) for some in (ids[:3], ids[3:])]
        async with sluice.worker():
            assert [(await sluice.ended(run)).succeeded for run in started] == [3, 3]


@pytest.mark.parametrize(
    ("value", "method", "sentence"),
    [
        ("a", "whisper", "has no batched method 'whisper'; it has shout"),
        (7, "shout", "declares"),
    ],
)
async def test_what_cannot_be_meant_fails_at_once_with_a_sentence(
    opener: Opener, value: object, method: str, sentence: str
) -> None:
    async def script(item: str, ctx: Context) -> None:
        await ctx.batched(method, value)

    family = Shouting(script)
    async with opener(family) as sluice:
        run = await sluice.played()
        [row] = await sluice.items(run.id)
        assert (row.status, row.attempts, row.error_class) == ("failed", 1, "StepMisused")
        assert sentence in (row.error_message or "")
        assert family.calls == []


async def test_calls_keep_to_the_methods_own_flow_key_and_items_that_wait_do_not_time_out(
    opener: Opener,
) -> None:
    class Paced(Shouting):
        flow = Flow(execute=FlowControl(parallelism=50))
        timeout = timedelta(seconds=30)

        # A call goes when it is full, whenever that is.
        @batched(size=5, within=timedelta(minutes=1), flow=FlowControl(parallelism=1))
        async def shout(
            self, texts: list[str], params: FamilyParams, ctx: Context
        ) -> list[str | Exception]:
            self.inside += 1
            self.most = max(self.most, self.inside)
            await asyncio.sleep(0.01)
            self.inside -= 1
            return [text.upper() for text in texts]

        inside = most = 0

    family = Paced()
    async with opener(family, worker_concurrency=50) as sluice, api(sluice) as http:
        key = "/api/flow-control/shouting.shout"
        assert (await http.post(f"{key}/pause")).status_code == 200
        await sluice.add_users(50)
        run_id = await sluice.start()
        async with sluice.worker():
            async with asyncio.timeout(PATIENCE):
                while len(family.executed) < 50:
                    await asyncio.sleep(0.02)
                while sum("shout()" in task.get_name() for task in asyncio.all_tasks()) < 10:
                    await asyncio.sleep(0.02)
            assert family.most == 0
            pass_by(31)  # all are in a call that waits
            assert (await http.post(f"{key}/resume")).status_code == 200
            run = await sluice.ended(run_id)
        assert (run.status, run.succeeded) == ("succeeded", 50)
        assert set(family.executed.values()) == {1}
        assert family.most == 1


async def test_a_preview_calls_for_its_item_alone_and_remembers_nothing(opener: Opener) -> None:
    family = Shouting()
    async with opener(family) as sluice, api(sluice) as http:
        await sluice.add_users(1)
        answer = await http.post(
            "/api/workflows/shouting/record-user", json={"userId": "u00001", "dryRun": True}
        )
        assert answer.json()["result"] == "result of u00001", answer.text
        assert family.calls == [["u00001"]]
        assert await sluice.sql("SELECT 1 FROM sluice.step") == []


def test_a_method_that_cannot_be_called_so_is_refused_when_the_service_starts() -> None:
    class Short(Shouting):
        @batched()
        async def shout(self, texts: list[str]) -> list[str]:  # type: ignore[override]
            return texts

    class Named(Recording):
        @batched()
        async def load(self, item_id: str, ctx: Context) -> str | None:
            return item_id

    with pytest.raises(ConfigurationError, match=r"shout\(\) is @batched, so it takes the values"):
        require_complete("here", Short())
    with pytest.raises(ConfigurationError, match=r"load\(\) cannot be @batched"):
        require_complete("here", Named())


@pytest.mark.parametrize(
    "told", [{"size": 0}, {"size": True}, {"within": timedelta(hours=1)}, {"within": 5}]
)
def test_settings_that_make_no_sense_are_refused(told: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="@batched takes"):
        batched(**told)  # type: ignore[arg-type]


def test_a_batched_method_is_like_any_other_for_who_calls_it() -> None:
    assert isinstance(Shouting(), JobFamily)
    assert Shouting.shout.__name__ == "shout"
