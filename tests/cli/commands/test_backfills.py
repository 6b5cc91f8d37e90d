"""``sluice backfill`` and ``sluice backfills``, against a real API with a family cut by day."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from app.cli.api_client import ApiClient
from app.cli.commands.backfill import follow_backfill
from app.cli.options import Following
from app.workflows.contract.job_family import AnyFamily
from tests.cli.command import Command, Commanding
from tests.support.http import RefusingTheFirst, listening
from tests.support.patience import PATIENCE
from tests.support.service import Opener
from tests.workflows.backfills.cut import ByDay, HeldByDay

JANUARY = ("--from", "2026-01-01", "--to", "2026-01-04")


@asynccontextmanager
async def shell(
    opener: Opener, family: AnyFamily, commanding: Commanding
) -> AsyncIterator[Command]:
    async with opener(family) as sluice, commanding(sluice) as command, sluice.worker():
        await sluice.add_users(3)
        yield command


async def test_it_says_what_it_would_do_does_it_and_shows_what_it_did(
    opener: Opener, commanding: Commanding
) -> None:
    async with shell(opener, ByDay(), commanding) as terminal:
        dry = await terminal.run("backfill", "by-day", *JANUARY, "--dry-run")
        assert (dry.returncode, dry.stderr) == (0, "")
        assert "[DryRun] Would process 9 users in 3 partitions" in dry.stdout
        begun = await terminal.run("backfill", "by-day", *JANUARY, "--watch", "--max-active", "2")
        assert (begun.returncode, begun.stderr) == (0, "")
        assert "succeeded   3 of 3 partitions, 0 active, 0 not succeeded" in begun.stdout
        assert "items: 9 succeeded" in begun.stdout
        listed = json.loads((await terminal.run("backfills", "--json")).stdout)["backfills"]
        assert [one["status"] for one in listed] == ["succeeded"]
        shown = await terminal.run("backfills", "show", listed[0]["id"])
        assert shown.stdout.count("run_") == 3
        before = await terminal.says("backfills", "--json", "show", listed[0]["id"])
        whole = json.loads(before)
        assert whole.keys() == {"success", "backfill", "items", "partitions", "nextCursor"}
        assert (whole["backfill"]["status"], len(whole["partitions"])) == ("succeeded", 3)
        other = await terminal.run("backfills", "--family", "by-day", "show", listed[0]["id"])
        assert (other.returncode, other.stdout) == (2, "")
        assert "for the list alone" in other.stderr
        assert "by-day" in (await terminal.run("backfills")).stdout
        again = await terminal.run("backfill", "by-day", *JANUARY, "--all", "--watch", "--json")
        assert json.loads(again.stdout)["backfill"]["partitions"]["succeeded"] == 3


async def test_its_runs_have_the_options_that_sluice_run_takes(
    opener: Opener, commanding: Commanding
) -> None:
    async with opener(ByDay()) as sluice, commanding(sluice) as command:
        asked = ("--canary", "2", "--budget-usd", "1.5", "--min-items", "20", "--deadline", "2h")
        await command.says("backfill", "by-day", *JANUARY, *asked, "--json")
        [first, *_] = json.loads(await command.says("runs", "--json"))["runs"]
        options = first["options"]
        assert (options["canary"], options["minItems"], options["deadlineSeconds"]) == (2, 20, 7200)
        assert options["budget"] == {"usd": 1.5, "tokens": None}


async def test_it_is_paused_resumed_and_cancelled(opener: Opener, commanding: Commanding) -> None:
    family = HeldByDay()
    async with shell(opener, family, commanding) as terminal:
        begun = await terminal.run("backfill", family.name, *JANUARY, "--json")
        backfill_id = json.loads(begun.stdout)["backfillId"]
        await family.until_inside(1)  # or there is nothing that a cancel waits for
        for action, status in (
            ("pause", "paused"),
            ("resume", "running"),
            ("cancel", "cancelling"),
        ):
            done = await terminal.run("backfills", action, backfill_id)
            assert done.stdout.startswith(f"{backfill_id} {status}"), done
        family.let_go.set()
        ended = await terminal.run("backfills", "watch", backfill_id)
        assert ended.returncode == 1
        assert ended.stdout.splitlines()[-1].startswith("cancelled")


async def test_what_the_user_got_wrong_is_one_sentence(
    opener: Opener, commanding: Commanding
) -> None:
    wrong = {
        ("backfill", "by-day", *JANUARY, "--all", "--missing"): "Name one of",
        ("backfill", "by-day", *JANUARY, "--dry-run", "--watch"): "A dry run starts nothing",
        ("backfill", "nope", *JANUARY): "There is no family 'nope'",
        ("backfill", "by-day", "--from", "x", "--to", "2026-01-01"): "it must be a date",
        ("backfills", "show", "../x"): "There is no such backfill",
        ("backfills", "show", "bf_none"): "There is no backfill bf_none",
    }
    async with shell(opener, ByDay(), commanding) as terminal:
        for args, sentence in wrong.items():
            ended = await terminal.run(*args)
            assert ended.returncode == 2, ended
            assert sentence in ended.stderr
            assert "Traceback" not in ended.stderr


async def test_one_that_waits_for_somebody_is_not_followed_any_longer_and_exits_3(
    opener: Opener, commanding: Commanding
) -> None:
    family = ByDay()
    async with opener(family) as sluice, commanding(sluice) as terminal:
        await sluice.add_users(3)
        begun = await terminal.run("backfill", family.name, *JANUARY, "--json")
        backfill_id = json.loads(begun.stdout)["backfillId"]
        await terminal.says("backfills", "pause", backfill_id)
        for run in json.loads(await terminal.says("runs", "--json"))["runs"]:
            await terminal.says("pause", run["id"])
        watched = await terminal.run("backfills", "watch", backfill_id)
        assert (watched.returncode, watched.stderr) == (3, "")
        assert watched.stdout.splitlines()[-1].startswith("It waits for somebody: ")


async def test_the_first_look_waits_for_a_place_as_each_later_one_does(
    opener: Opener, capsys: pytest.CaptureFixture[str]
) -> None:
    refusing = RefusingTheFirst()
    async with opener(ByDay()) as sluice, listening(sluice) as http, sluice.worker():
        await sluice.add_users(3)
        body = {"family": "by-day", "from": "2026-01-01", "to": "2026-01-04"}
        backfill_id = (await http.post("/api/backfills", json=body)).json()["backfillId"]

        def watched() -> int:
            with httpx2.Client(
                base_url=http.base_url, headers=http.headers, transport=refusing
            ) as ours:
                api = ApiClient(ours, "here")
                return follow_backfill(api, backfill_id, Following.TO_A_PAUSE, as_json=False)

        async with asyncio.timeout(PATIENCE):
            assert await asyncio.to_thread(watched) == 0
    said = capsys.readouterr().out.splitlines()
    assert refusing.refused[0] == f"/api/backfills/{backfill_id}"
    assert said[:2] == ["Too many at once. Trying again for 60 s …", "The service answers again."]
    assert said[-1].startswith("succeeded")
