"""Partitions of a flow key over HTTP: the fullest, and limits of one."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.errors import ConfigurationError
from app.store.items import parked_items
from app.workflows.family import Flow, FlowControl
from tests.support.families import Recording
from tests.support.http import api, assert_problem
from tests.support.patience import PATIENCE
from tests.support.service import Opener
from tests.workflows.partitions.tenants import Tenants

PATH = "/api/flow-control/recording.execute/partitions"


async def test_the_fullest_are_shown_and_one_may_have_limits_of_its_own(opener: Opener) -> None:
    hold = asyncio.Event()

    def work(_item: str, _ctx: object) -> object:
        return hold.wait()

    family = Tenants(FlowControl(parallelism=40, per_partition=1), work=work, item_seconds=0)
    async with opener(family) as sluice, api(sluice) as caller, sluice.worker():

        async def shown() -> dict[str, Any]:
            answer = await caller.get(PATH, params={"limit": 5})
            assert answer.status_code == 200, answer.text
            return {one["partition"]: one for one in answer.json()["partitions"]}

        await sluice.add_users(45)
        run_id = await sluice.start()
        async with asyncio.timeout(PATIENCE):
            while not (now := await shown()) or any(not one["active"] for one in now.values()):
                await asyncio.sleep(0.05)
        each = {"parallelism": 1, "rate": None, "periodSeconds": 1.0, "source": "code"}
        assert now["1"] == {"partition": "1", **each, "active": 1, "waiting": 9}
        assert list(now) == ["1", "2", "3", "0", "4"]  # by those that wait
        for name, waiting in (("2", 9), ("nobody", 0)):
            answer = await caller.get(PATH, params={"partition": name})
            [one] = answer.json()["partitions"]
            at_work = min(waiting, 1)
            assert one == {"partition": name, **each, "active": at_work, "waiting": waiting}
        of_key = (await caller.get("/api/flow-control/recording.execute")).json()["flowControl"]
        assert (of_key["active"], of_key["waiting"], of_key["waitingApart"]) == (5, 0, 40)
        every = (await caller.get("/api/flow-control")).json()["flowControl"]
        assert [one["waitingApart"] for one in every] == [40, 0, 0]  # of pages and process: none
        body = {"partition": "4", "parallelism": 3, "note": "paid for"}
        answer = await caller.put(PATH, json=body)
        [first] = answer.json()["partitions"]
        assert (first["partition"], first["parallelism"], first["source"]) == ("4", 3, "pinned")
        hold.set()
        assert (await sluice.ended(run_id)).succeeded == 45
        answer = await caller.get("/api/audit", params={"action": "flow_pinned"})
        [told] = answer.json()["entries"]
        assert (told["before"]["parallelism"], told["after"]["parallelism"]) == (1, 3)
        assert (told["after"]["partition"], told["note"]) == ("4", "paid for")
        await caller.delete(PATH, params={"partition": "4"})
        assert await shown() == {}
        of_key = (await caller.get("/api/flow-control/recording.execute")).json()["flowControl"]
        assert of_key["waitingApart"] == 0
        assert await sluice.sql("SELECT 1 FROM sluice.flow_partition_override") == []


async def test_what_waits_apart_is_counted_in_unfinished_runs_and_no_further_than_so_far(
    opener: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    family = Tenants(FlowControl(per_partition=1))
    async with opener(family) as sluice, api(sluice) as caller:

        async def apart() -> int:
            answer = await caller.get("/api/flow-control/recording.execute")
            number: int = answer.json()["flowControl"]["waitingApart"]
            return number

        for _ in range(2):
            await sluice.start()
        first, ended = sorted(row[0] for row in await sluice.sql("SELECT id FROM sluice.run"))
        await sluice.sql("UPDATE sluice.run SET finished_at = now() WHERE id = :id", id=ended)
        for run_id, items in ((first, 12), (ended, 100)):
            await sluice.sql(
                "INSERT INTO sluice.parked_item (run_id, partition, item_id)"
                " SELECT :id, n % 3, 'u' || n FROM generate_series(1, :items) AS n",
                id=run_id,
                items=items,
            )
        assert await apart() == 12
        monkeypatch.setattr(parked_items, "MOST_COUNTED", 7)
        assert await apart() == 7


async def test_a_pin_is_in_force_for_its_partition_alone(opener: Opener) -> None:
    family = Tenants(FlowControl(per_partition=1), item_seconds=0.3)
    async with opener(family) as sluice, api(sluice) as caller, sluice.worker():
        await sluice.add_users(35)
        await caller.put(PATH, json={"partition": "2", "parallelism": 4})
        async with asyncio.timeout(PATIENCE):
            while not sluice.service.controls.live("recording.execute").partitions:
                await asyncio.sleep(0.02)
        assert (await sluice.ended(await sluice.start())).succeeded == 35
    most = family.most_at_once()
    assert most.pop("2") == 4
    assert set(most.values()) == {1}


async def test_what_makes_no_sense_is_refused(opener: Opener) -> None:
    class Plain(Recording):
        name = "plain"

    async with (
        opener(Tenants(FlowControl(per_partition=1)), Plain()) as sluice,
        api(sluice) as caller,
    ):
        assert_problem(await caller.get("/api/flow-control/nope/partitions"), 404)
        assert_problem(await caller.get("/api/flow-control/plain.execute/partitions"), 422)
        assert_problem(await caller.get(PATH, params={"limit": 0}), 422)
        assert_problem(await caller.get(PATH, params={"partition": "a\0"}), 422)
        for body in (
            {"parallelism": 1},
            {"partition": "", "parallelism": 1},
            {"partition": "x" * 201, "parallelism": 1},
            {"partition": "a\0", "parallelism": 1},
            {"partition": "a", "parallelism": 0},
            {"partition": "a", "rate": 0},
            {"partition": "a"},
        ):
            assert_problem(await caller.put(PATH, json=body), 422)
        assert_problem(await caller.delete(PATH), 422)
        assert await sluice.sql("SELECT 1 FROM sluice.flow_partition_override") == []


async def test_a_family_that_selects_no_partition_cannot_limit_them(opener: Opener) -> None:
    class Alone(Recording):
        flow = Flow(execute=FlowControl(per_partition=1))

    class Pages(Recording):
        flow = Flow(paginate=FlowControl(per_partition=1))

    for family, sentence in ((Alone(), "beside the id"), (Pages(), "only items have one")):
        with pytest.raises(ConfigurationError, match=sentence):
            async with opener(family):
                pass


async def test_a_second_column_without_limits_changes_nothing(opener: Opener) -> None:
    family = Tenants(FlowControl(parallelism=3))
    async with opener(family) as sluice:
        run = await sluice.played(20)
        assert run.succeeded == 20
        assert await sluice.sql("SELECT 1 FROM sluice.run_partition") == []
        assert await sluice.sql("SELECT 1 FROM sluice.item WHERE partition IS NOT NULL") == []
