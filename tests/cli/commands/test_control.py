"""``sluice pause``, ``resume``, ``cancel``, ``retry``, ``failures``, ``events`` and ``watch``, as
processes, against a service of this process."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path

from app.workflows.family import Context, Fatal, FinishedRun
from tests.cli.command import Commanding, Sluice, wait_for
from tests.support.control import paused
from tests.support.families import Recording
from tests.support.patience import PATIENCE
from tests.support.service import Opener

PROCESS = "/api/workflows/recording/process-users"


async def test_a_run_is_paused_and_resumed_with_what_is_given_and_the_rest_kept(
    opener: Opener, commanding: Commanding
) -> None:
    async with opener(Recording()) as sluice, commanding(sluice) as command:
        run_id = await sluice.start()
        paused = await command.says("pause", run_id)
        assert paused == f"{run_id} is paused: Paused by ops.\n"
        given = ("--budget-usd", "2.5", "--max-failure-rate", "0.1")
        resumed = await command.says("resume", run_id, *given)
        assert resumed == f"{run_id} is pending\n"
        await command.says("pause", run_id)
        more = ("--budget-tokens", "900", "--min-items", "7", "--deadline", "90s")
        await command.says("resume", run_id, *more)
        options = (await sluice.run(run_id)).options
        assert options["budget"] == {"usd": 2.5, "tokens": 900}
        assert options["maxFailureRate"] == 0.1
        assert (options["minItems"], options["deadlineSeconds"]) == (7, 90)
        events = await command.says("events", run_id)
        kinds = [line.split()[2] for line in events.splitlines()[3:] if line.strip()]
        assert kinds == ["created", "paused", "resumed", "paused", "resumed"]
        listed = json.loads(await command.says("events", run_id, "--json"))["events"]
        assert [event["kind"] for event in listed] == kinds


async def test_a_run_that_asks_is_approved_once_and_no_other_run_is(
    opener: Opener, commanding: Commanding
) -> None:
    async with opener(Recording()) as sluice, commanding(sluice) as command:
        await sluice.add_users(3)
        run_id = (await command.says("run", "recording", "--approval")).split()[1].rstrip(".")
        assert "does not wait for an approval" in await command.refused("approve", run_id)
        async with sluice.worker():
            await paused(sluice, run_id)
            assert "3 of 3 users" in await command.says("runs", "--status", "paused")
            assert await command.says("approve", run_id) == f"{run_id} is running\n"
            assert (await sluice.ended(run_id)).succeeded == 3
            assert "it is succeeded" in await command.refused("approve", run_id)
            retry = await command.says("retry", run_id, "--status", "succeeded", "--approval")
            await paused(sluice, retry.split()[1])


class Starting(Recording):
    async def finish(self, run: FinishedRun[str], ctx: Context) -> str:
        return await ctx.start("then", "other")


class Other(Recording):
    name = "other"


async def test_the_runs_that_began_by_one_are_listed(
    opener: Opener, commanding: Commanding
) -> None:
    async with opener(Starting(), Other()) as sluice, commanding(sluice) as command:
        run = await sluice.played(family="recording")
        [other] = await sluice.sql("SELECT id FROM sluice.run WHERE family = 'other'")
        assert other[0] in await command.says("runs", "--follows", run.id)
        assert await command.says("runs", "--follows", other[0]) == "There are no such runs yet.\n"


async def test_a_finish_is_run_once_more(opener: Opener, commanding: Commanding) -> None:
    class Finishing(Recording):
        async def finish(self, run: FinishedRun[str], ctx: Context) -> int:
            return run.succeeded

    async with opener(Finishing()) as sluice, commanding(sluice) as command:
        run = await sluice.played(2)
        said = await command.says("finish", run.id, "--note", "the mail was lost")
        finish = said.split()[0]
        assert said == f"{finish} is running\n"
        assert f"is under way: run {finish}" in await command.refused("finish", run.id)
        async with sluice.worker():
            assert (await sluice.ended(finish)).succeeded == 1
        assert "the mail was lost" in await command.says("audit")


async def test_a_cancel_asks_on_a_terminal_and_only_there(
    opener: Opener, commanding: Commanding
) -> None:
    async with opener(Recording()) as sluice, commanding(sluice) as command:
        await sluice.add_users(3)
        run_id = await sluice.start()
        await sluice.service.api.control.pause(run_id, by="ops")
        await sluice.sql("UPDATE sluice.run SET to_process = 12")
        code, shown = await command.on_a_terminal("cancel", run_id, answer="n")
        assert code == 1
        assert "12 items have no outcome yet" in shown
        assert "The run goes on." in shown
        assert (await sluice.run(run_id)).status == "paused"
        code, shown = await command.on_a_terminal("cancel", run_id, answer="y")
        assert code == 0
        assert f"{run_id} is cancelled" in shown
        other = await sluice.start()
        assert await command.says("cancel", other, "--yes") == f"{other} is cancelled\n"
        assert await command.says("cancel", other) == f"{other} is cancelled\n"


async def test_ctrl_c_leaves_a_watched_run_as_it_is(
    opener: Opener, commanding: Commanding, tmp_path: Path
) -> None:
    async with opener(Recording()) as sluice, commanding(sluice) as command:
        run_id, log = await sluice.start(), tmp_path / "log"
        await sluice.service.api.control.pause(run_id, by="ops")
        watching = command.sluice.start("watch", run_id, "--through-pauses", log=log)
        try:
            await asyncio.to_thread(wait_for, "Go on with: ", log, watching)
            watching.send_signal(signal.SIGINT)
            assert await asyncio.to_thread(watching.wait, 30) == 130
        finally:
            watching.kill()
            watching.wait()
        text = log.read_text()
        assert "paused by ops (operator): Paused by ops." in text
        assert f" resume {run_id}\n" in text
        assert text.splitlines()[-1].endswith(f" watch {run_id}")
        assert "Traceback" not in text
        assert (await sluice.run(run_id)).status == "paused"


async def test_what_failed_is_listed_and_retried_by_its_group(
    opener: Opener, commanding: Commanding
) -> None:
    def work(item_id: str, _ctx: Context) -> None:
        if item_id <= "u00003" and not mended:
            raise Fatal(f"no name: {item_id}")

    mended: list[bool] = []
    async with opener(Recording(work=work)) as sluice, commanding(sluice) as command:
        await sluice.add_users(5)
        async with sluice.worker():
            run_id = await sluice.start()
            watched = await command.run("watch", run_id)
            assert watched.returncode == 1
            assert f" failures {run_id}" in watched.stdout.splitlines()[-1]
            table = await command.says("failures", run_id)
            row = next(line for line in table.splitlines() if "Fatal" in line)
            assert (row.split()[0], "no name: …" in row) == ("3", True)
            group = row.split()[1]
            mended.append(True)
            retried = await command.says("retry", run_id, "--group", group, "--watch")
            assert " over 3 items." in retried
            assert "3 of 3  3 succeeded, 0 failed, 0 skipped" in retried
            again = ("retry", run_id, "--status", "succeeded", "--idempotency-key", "k", "--json")
            first = json.loads(await command.says(*again))
            assert json.loads(await command.says(*again)) == first
            assert first["items"] == 2
            assert "nothing to retry" in await command.refused(
                "retry", run_id, "--error-class", "KeyError", "--item-id", "u00001"
            )


async def test_a_run_takes_its_options_from_the_command_line(
    opener: Opener, commanding: Commanding
) -> None:
    async with opener(Recording()) as sluice, commanding(sluice) as command:
        given = {
            "--canary": "5",
            "--auto-promote": None,
            "--budget-usd": "1.5",
            "--budget-tokens": "1000",
            "--max-failure-rate": "0.2",
            "--min-items": "20",
            "--deadline": "2h",
            "--ramp-start": "2",
            "--ramp-factor": "1.5",
            "--ramp-every": "90s",
            "--approval": None,
            "--priority": "8",
            "--idempotency-key": "nightly",
        }
        args = [word for pair in given.items() for word in pair if word is not None]
        first = await command.says("run", "recording", *args)
        run_id = first.split()[1].rstrip(".")
        assert (await sluice.run(run_id)).options == {
            "canary": 5,
            "autoPromote": True,
            "budget": {"usd": 1.5, "tokens": 1000},
            "maxFailureRate": 0.2,
            "minItems": 20,
            "deadlineSeconds": 7200,
            "ramp": {"start": 2, "factor": 1.5, "everySeconds": 90},
            "approval": True,
            "priority": 8,
        }
        again = await command.says("run", "recording", *args)
        assert again.startswith(f"An earlier call with this key had started {run_id}.")
        assert f"watch {run_id}" in again
        refused = await command.refused("run", "recording")
        assert run_id in refused


async def test_options_that_do_not_belong_together_are_refused_before_any_call(
    sluice: Sluice,
) -> None:
    nowhere = {"SLUICE_URL": "http://127.0.0.1:9"}
    for args, words in (
        (["--auto-promote"], "--canary"),
        (["--ramp-every", "5s"], "--ramp-start"),
        (["--deadline", "soon"], "--deadline"),
    ):
        assert words in sluice.refused("run", "recording", *args, **nowhere)


async def test_the_end_shows_the_estimate_against_what_it_took(
    opener: Opener, commanding: Commanding
) -> None:
    def work(_item_id: str, ctx: Context) -> None:
        ctx.spend(usd=0.5, tokens=100)

    async with opener(Recording(work=work)) as sluice, commanding(sluice) as command:
        await sluice.add_users(4)
        async with sluice.worker():
            first = await command.says("run", "recording", "--watch", "--force")
            assert "Actual: " in first.splitlines()[-1]
            assert first.splitlines()[-1].endswith(" s, 2.00 USD, 400 tokens.")
            second = await command.says("run", "recording", "--watch", "--force")
            end = second.splitlines()[-1]
            assert end.startswith("Estimated: ")
            assert end.count("2.00 USD, 400 tokens.") == 2
            dry = await command.says("run", "recording", "--dry-run", "--force")
            assert "2.00 USD, 400 tokens" in dry
            assert "Cost from: what earlier runs spent an item" in dry


async def test_an_unknown_run_is_one_sentence(opener: Opener, commanding: Commanding) -> None:
    async with opener(Recording()) as sluice, commanding(sluice) as command:
        for name in ("pause", "watch"):
            said = await command.refused(name, "run_x")
            assert "There is no run run_x." in said
            assert "sluice runs` lists them." in said
        for name in ("cancel", "failures"):
            assert "There is no run '../flow'" in await command.refused(name, "../flow")


async def test_a_run_that_pauses_ends_what_follows_it_with_an_exit_code_of_its_own(
    opener: Opener, commanding: Commanding
) -> None:
    async with opener(Recording()) as sluice, commanding(sluice) as command:
        await sluice.add_users(12)
        async with sluice.worker():
            canary = await command.run("run", "recording", "--canary", "2", "--watch")
            assert (canary.returncode, canary.stderr) == (3, "")
            run_id = canary.stdout.split()[1].rstrip(".")
            way_on, again = canary.stdout.splitlines()[-2:]
            assert way_on.endswith(f" resume {run_id}")
            assert again.endswith(f" watch {run_id}")
            as_json = await command.run("watch", run_id, "--json")
            assert as_json.returncode == 3
            assert json.loads(as_json.stdout)["run"]["status"] == "paused"
            waiting = asyncio.create_task(command.run("watch", run_id, "--through-pauses"))
            async with asyncio.timeout(PATIENCE):  # until it follows
                while not sluice.service.changes._listeners:
                    await asyncio.sleep(0.02)
            await command.says("resume", run_id)
            assert (await waiting).returncode == 0
            assert (await sluice.run(run_id)).succeeded == 12
