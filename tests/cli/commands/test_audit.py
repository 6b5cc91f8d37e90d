"""``--note`` on what changes something, and ``sluice audit``, as processes."""

from __future__ import annotations

import csv
import io
import json

from app.workflows.family import Flow, FlowControl
from tests.cli.command import Commanding
from tests.support.families import Recording
from tests.support.service import Opener


class Limited(Recording):
    flow = Flow(execute=FlowControl(parallelism=3))


KEY = "recording.execute"


async def test_a_reason_is_kept_with_each_change_and_listed_with_who_made_it(
    opener: Opener, commanding: Commanding
) -> None:
    async with opener(Limited()) as sluice, commanding(sluice) as command:
        run_id = await sluice.start()
        note = ("--note", "It's Friday, and 50% is enough.")
        said = await command.says("pause", run_id, *note)
        assert said == f"{run_id} is paused: Paused by ops. {note[1]}\n"
        await command.says("resume", run_id, "--max-failure-rate", "0.25", *note)
        await command.says("cancel", run_id, *note)
        await command.says("flow", "set", KEY, "--parallelism", "2", *note)
        await command.says("flow", "pause", KEY, *note)
        await command.says("flow", "resume", KEY, *note)
        await command.says("flow", "reset", KEY, *note)
        named = ("--name", "nightly")
        await command.says("schedule", "add", "recording", "0 3 * * *", *named, *note)
        await command.says("schedule", "edit", "nightly", "--expression", "0 4 * * *", *note)
        await command.says("schedule", "pause", "nightly", *note)
        await command.says("schedule", "resume", "nightly", *note)
        await command.says("schedule", "remove", "nightly", *note)
        entries = json.loads(await command.says("audit", "--json", "--who", "ops"))["entries"]
        assert [one["action"] for one in reversed(entries)] == [
            "run_paused", "run_resumed", "run_cancelled",
            "flow_pinned", "flow_paused", "flow_resumed", "flow_reset",
            "schedule_created", "schedule_changed", "schedule_paused", "schedule_resumed",
            "schedule_deleted",
        ]  # fmt: skip
        assert {one["note"] for one in entries} == {note[1]}
        shown = await command.says("events", run_id)
        assert note[1] in shown
        assert "maxFailureRate: 0.5 → 0.25" in shown
        table = await command.says("audit", "--subject", "flow_key", "--limit", "3")
        assert [line.split()[3] for line in table.splitlines()[3:] if line.strip()] == [
            "flow_reset", "flow_resumed", "flow_paused",
        ]  # fmt: skip
        assert "parallelism: 2 → 3" in table
        assert "source: pinned → code" in table
        written = await command.says("audit", "--csv", "--action", "schedule_changed")
        [row] = csv.DictReader(io.StringIO(written))
        assert json.loads(row["after"]) == {"expression": "0 4 * * *"}
        assert row["note"] == note[1]
        nothing = await command.says("audit", "--to", "2020-01-01")
        assert nothing == "Nothing of that kind was done.\n"
        assert "note" in await command.refused("pause", run_id, "--note", "x" * 501)
