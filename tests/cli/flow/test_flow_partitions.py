"""``sluice flow partitions``, as a process."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta

from app.workflows.family import Context, FlowControl
from tests.cli.command import Commanding
from tests.support.patience import PATIENCE
from tests.support.service import Opener
from tests.workflows.partitions.tenants import Tenants

KEY = "recording.execute"
WHEN = "Workers follow within a second, and within a minute for items of it that were put off."


async def test_the_fullest_partitions_are_rows_with_their_limits_in_words(
    opener: Opener, commanding: Commanding
) -> None:
    hold = asyncio.Event()

    def work(_item: str, _ctx: Context) -> object:
        return hold.wait()

    family = Tenants(FlowControl(per_partition=2), work=work, item_seconds=0)
    async with opener(family) as sluice, commanding(sluice) as command, sluice.worker():
        await sluice.add_users(25)
        run_id = await sluice.start()
        async with asyncio.timeout(PATIENCE):
            while sum(family.executed.values()) < 6:
                await asyncio.sleep(0.01)
        said = [
            line.split() for line in (await command.says("flow", "partitions", KEY)).splitlines()
        ]
        assert ["1", "2", "at", "once", "code", "2", "8"] in said
        found = json.loads(await command.says("flow", "partitions", KEY, "--limit", "1", "--json"))
        assert [one["waiting"] for one in found["partitions"]] == [8]
        flows = await command.says("flow")
        assert "2 at once of each partition" in flows
        [row] = [line.split() for line in flows.splitlines() if KEY in line]
        assert row[-3:-1] == ["6", "19"]  # two of each of three; the others wait apart
        refused = await command.run("flow", "partitions", "recording.paginate")
        assert "per_partition or rate_per_partition" in refused.stderr
        hold.set()
        assert (await sluice.ended(run_id)).succeeded == 25


async def test_one_partition_is_given_limits_of_its_own_and_returns_to_those_of_each(
    opener: Opener, commanding: Commanding
) -> None:
    family = Tenants(FlowControl(per_partition=2, rate_per_partition=5))
    async with opener(family) as sluice, commanding(sluice) as command:
        alone = ("--partition", "Acme & Co")
        said = await command.says("flow", "partitions", KEY)
        assert said == "No partition has items at work or waiting, or limits of its own.\n"
        said = await command.says("flow", "set", KEY, *alone, "--parallelism", "7")
        # What is not named stays as it is for each.
        assert said == f"Acme & Co: 5 per second, 7 at once (pinned)\n{WHEN}\n"
        said = await command.says("flow", "set", KEY, *alone, "--rate", "none", "--note", "Paid.")
        assert said == f"Acme & Co: 7 at once (pinned)\n{WHEN}\n"
        assert "5 per second, 2 at once of each partition" in await command.says("flow")
        said = await command.says("flow", "reset", KEY, *alone, "--note", "Left & gone.")
        assert said == f"Acme & Co: 5 per second, 2 at once (code)\n{WHEN}\n"
        assert await sluice.sql("SELECT 1 FROM sluice.flow_partition_override") == []
        notes = await sluice.sql("SELECT note FROM sluice.audit ORDER BY id")
        assert [note for (note,) in notes] == [None, "Paid.", "Left & gone."]
        await command.says("flow", "set", KEY, "--rate", "2/s")
        shown = " ".join((await command.says("audit", "--subject", "flow_key")).split())
        assert shown.count(f"{KEY}, partition Acme & Co") == 3
        assert shown.count(KEY) == 4  # that of the key itself names none
        refused = await command.run("flow", "set", "recording.paginate", *alone, "--rate", "1/s")
        assert "per_partition or rate_per_partition" in refused.stderr


async def test_a_pin_of_the_key_leaves_the_limits_of_partitions_and_their_period(
    opener: Opener, commanding: Commanding
) -> None:
    each = FlowControl(rate=30, rate_per_partition=5, per_partition=2, period=timedelta(minutes=1))
    words = "5 per 60 s, 2 at once of each partition"
    async with opener(Tenants(each)) as sluice, commanding(sluice) as command:
        assert f"30 per 60 s, {words}" in await command.says("flow")
        said = await command.says("flow", "set", KEY, "--rate", "none", "--parallelism", "9")
        assert said.startswith(f"{KEY}: 9 at once, {words} (pinned)\n")
        await command.says("flow", "set", KEY, "--rate", "3/s", "--parallelism", "none")
        assert f"3 per second, {words}" in await command.says("flow")
        [execute, *_] = json.loads(await command.says("flow", "--json"))["flowControl"]
        assert execute["key"] == KEY
        assert (execute["periodSeconds"], execute["partitionPeriodSeconds"]) == (1.0, 60.0)
