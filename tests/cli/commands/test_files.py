"""``sluice items`` and ``failures`` as lists and as files, as processes."""

from __future__ import annotations

import csv
import io
import json

from app.workflows.family import Context, Fatal
from tests.cli.command import Commanding
from tests.support.families import Recording
from tests.support.service import Opener


def work(item: str, ctx: Context) -> None:
    if item == "u00002":
        raise Fatal("=broken")


async def test_items_are_listed_and_printed_as_files(
    opener: Opener, commanding: Commanding
) -> None:
    async with opener(Recording(work)) as sluice, commanding(sluice) as command:
        run_id = (await sluice.played(3)).id
        listed = await command.says("items", run_id, "--limit", "2")
        assert "result of u00001" in listed
        assert "=broken" in listed
        assert "There are more" in listed
        failed = json.loads(await command.says("items", run_id, "--status", "failed", "--json"))
        assert [one["itemId"] for one in failed["items"]] == ["u00002"]

        rows = list(csv.DictReader(io.StringIO(await command.says("items", run_id, "--csv"))))
        assert [row["itemId"] for row in rows] == ["u00001", "u00002", "u00003"]
        assert [row["errorMessage"] for row in rows] == ["", "'=broken", ""]
        said = await command.says("items", run_id, "--status", "succeeded", "--ndjson")
        lines = [json.loads(line) for line in said.splitlines()]
        assert [line["result"] for line in lines] == ["result of u00001", "result of u00003"]

        [group] = json.loads(await command.says("failures", run_id, "--json"))["failures"]
        said = await command.says("failures", run_id, "--ndjson", "--group", group["group"])
        [line] = [json.loads(line) for line in said.splitlines()]
        assert (line["itemId"], line["errorMessage"]) == ("u00002", "=broken")
        assert "no group" in await command.refused("failures", run_id, "--csv", "--group", "none")
        assert "Choose one" in await command.refused("items", run_id, "--csv", "--ndjson")
        assert "goes with" in await command.refused("failures", run_id, "--group", "none")
