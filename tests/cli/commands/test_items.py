"""``sluice suspended``, ``answer``, ``link``, ``item`` and ``output``, as processes, against a
service of this process."""

from __future__ import annotations

import asyncio
import json
import shlex
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import BaseModel, Field

from app.store.statuses import ItemStatus
from app.workflows.family import Context
from tests.cli.command import Commanding, Sluice, wait_for
from tests.support.http import api
from tests.support.patience import PATIENCE
from tests.support.service import Opener
from tests.support.stepped import Calls, Stepped, items_at, steps_suspended


class Verdict(BaseModel):
    approved: bool
    note: str = Field("", max_length=20)
    tags: list[str] = []


class Reviewed(Stepped):
    """In this file, so that ``Verdict`` is a class that the family uses."""


async def review(item: str, ctx: Context) -> object:
    payload = {"draft": f"Draft of {item}"}
    return await ctx.suspend("approve", payload, resume=Verdict, timeout=timedelta(hours=1))


async def test_what_waits_is_listed_answered_by_its_fields_and_goes_on(
    opener: Opener, commanding: Commanding
) -> None:
    family = Reviewed(review)
    async with opener(family) as sluice, commanding(sluice) as command:
        await sluice.add_users(3)
        run_id = await sluice.start()
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
            listed = await command.says("suspended", run_id, "--limit", "2")
            row = next(line for line in listed.splitlines() if "u00001" in line)
            assert row.split()[1] == "approve"
            assert '{"draft": "Draft of u00001"}' in row
            assert "There are more" in listed
            whole = json.loads(await command.says("suspended", run_id, "--json"))
            assert [one["itemId"] for one in whole["suspended"]] == ["u00001", "u00002", "u00003"]

            everywhere = await command.says("suspended", "--family", "stepped", "--limit", "1")
            assert run_id in everywhere
            assert "There are more" in everywhere
            whole = json.loads(await command.says("suspended", "--json"))
            assert [one["itemId"] for one in whole["questions"]] == ["u00001", "u00002", "u00003"]
            assert "Nothing waits" in await command.says("suspended", "--family", "nobody")

            fields = ("approved=yes", "note=fine=good", "tags=a,b")
            said = await command.says("answer", run_id, "u00001", *fields)
            assert said == "u00001 goes on from approve.\n"
            whole_answer = ("--step", "approve", "--data", '{"approved": false}', "--json")
            answered = json.loads(await command.says("answer", run_id, "u00002", *whole_answer))
            assert (answered["itemId"], answered["step"]) == ("u00002", "approve")
            link = await command.says("link", run_id, "u00003", "--expires", "2d")
            url, about = link.splitlines()
            assert "/answer/" in url
            assert about.endswith("whoever has it may answer this one step.")
            async with api(sluice, secret=None) as stranger:
                answer = await stranger.post(urlsplit(url).path, data={"approved": "true"})
            assert answer.status_code == 200
            await sluice.ended(run_id)
        assert await command.says("suspended", run_id) == "Nothing of it waits for an answer.\n"
        events = await command.says("events", run_id)
    assert family.results == {
        "u00001": Verdict(approved=True, note="fine=good", tags=["a", "b"]),
        "u00002": Verdict(approved=False),
        "u00003": Verdict(approved=True),
    }
    assert sum("answered" in line and "approve" in line for line in events.splitlines()) == 3


async def test_whoever_watches_is_told_that_all_that_is_left_waits_and_who_answered(
    opener: Opener, commanding: Commanding, tmp_path: Path
) -> None:
    async with opener(Reviewed(review)) as sluice, commanding(sluice) as command:
        await sluice.add_users(1)
        run_id, log = await sluice.start(), tmp_path / "log"
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
            watching = command.sluice.start("watch", run_id, log=log)
            try:
                await asyncio.to_thread(wait_for, "All that is left waits.", log, watching)
                await command.says("answer", run_id, "u00001", "approved=no")
                assert await asyncio.to_thread(watching.wait, 30) == 0
            finally:
                watching.kill()
                watching.wait()
    text = log.read_text()
    assert "0 succeeded, 0 failed, 0 skipped, 1 waits" in text
    assert f" suspended {run_id}\n" in text
    assert "answered by ops: u00001, approve" in text


async def test_an_answer_that_does_not_fit_is_refused_in_a_sentence(
    opener: Opener, commanding: Commanding
) -> None:
    async with opener(Reviewed(review)) as sluice, commanding(sluice) as command:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)

        async def refused(*args: str) -> str:
            return await command.refused("answer", run_id, "u00001", *args)

        assert await refused("approved=perhaps") == (
            "approved: it must be true or false, not 'perhaps'."
        )
        assert await refused("aproved=yes") == (
            "There is no field 'aproved'. Known are: approved, note, tags."
        )
        assert "at most 20" in await refused("approved=yes", f"note={'x' * 21}")
        assert "--data approved" in await refused("--data", "{}")
        assert "--data: it cannot be read" in await refused("--data", "{approved}")
        assert "NaN, which is no JSON" in await refused("--data", "NaN")
        assert "1e400, which is no number that can be kept" in await refused("--data", "[1e400]")
        assert "more digits than are kept" in await refused("--data", "0.12345678901234567890")
        assert "either as NAME=VALUE" in await refused()
        assert "either as NAME=VALUE" in await refused("approved=yes", "--data", "{}")
        assert "but at 'approve'" in await refused("--step", "aprove", "approved=yes")
        for item_id in (".", "..", "a/stream", "nobody?", "#"):
            said = await command.refused("answer", run_id, item_id, "x=1")
            assert f"has no item {item_id!r}" in said
        assert "nobody" in await command.refused("answer", run_id, "nobody", "x=1")
        assert "--expires" in await command.refused("link", run_id, "u00001", "--expires", "soon")
        assert "90 days" in await command.refused("link", run_id, "u00001", "--expires", "91d")
        await command.says("cancel", run_id)
        assert "waits for no answer: it is cancelled" in await refused("approved=yes")


async def test_the_step_of_a_child_is_answered_by_its_path_and_any_id_reaches_its_item(
    opener: Opener, commanding: Commanding
) -> None:
    class Asking(Reviewed):
        name = "asking"

        async def load(self, item_id: str, ctx: Context) -> str:
            return item_id  # its items are no users

    async def script(item: str, ctx: Context) -> object:
        own = ctx.suspend("any", timeout=timedelta(hours=1))
        return list(await asyncio.gather(ctx.child("write", "asking", "a/b?c#d%é"), own))

    parent, child = Reviewed(script), Asking(review)
    async with opener(parent, child) as sluice, commanding(sluice) as command:
        await sluice.add_users(1)
        run_id = await sluice.start("stepped")
        async with sluice.worker():
            await steps_suspended(sluice, 2)
            listed = await command.says("suspended", run_id)
            assert "write → approve" in listed
            path = ("--step", "write", "--step", "approve")
            assert "Say which" in await command.refused("answer", run_id, "u00001", "approved=1")
            said = await command.says("answer", run_id, "u00001", *path, "approved=1")
            assert said == "u00001 goes on from write → approve.\n"
            free = ("--step", "any", "number=5", "word=yes")
            await command.says("answer", run_id, "u00001", *free)
            await sluice.ended(run_id)
        shown = await command.says("item", run_id, "u00001")
        [child_run] = [row[0] for row in await sluice.sql(
            "SELECT id FROM sluice.run WHERE parent_run = :run", run=run_id
        )]  # fmt: skip
        assert child_run in shown
        assert (await command.says("item", child_run, "a/b?c#d%é")).startswith("a/b?c#d%é succ")
    assert child.results == {"a/b?c#d%é": Verdict(approved=True)}
    assert parent.results["u00001"] == ["result of a/b?c#d%é", {"number": 5, "word": "yes"}]


async def test_every_id_that_is_taken_can_be_looked_at_read_along_linked_and_answered(
    opener: Opener, commanding: Commanding
) -> None:
    class Any(Reviewed):
        async def load(self, item_id: str, ctx: Context) -> str:
            return item_id  # its items are no users

    async def script(item: str, ctx: Context) -> object:
        await ctx.stream.write(f"of {item}")
        return await review(item, ctx)

    ids = ["a/stream", ".", "..", "a b?c=d&id=e", "#%2F"]
    async with opener(Any(script)) as sluice, commanding(sluice) as command:
        run_id = await sluice.start(item_ids=ids)
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.SUSPENDED)
            for item_id in ids:
                shown = await command.says("item", run_id, item_id)
                assert shown.startswith(f"{item_id} suspended")
                assert f"answer {run_id} {shlex.quote(item_id)} NAME" in shown
                assert await command.says("output", run_id, item_id) == f"of {item_id}\n"
                assert "/answer/" in await command.says("link", run_id, item_id)
                said = await command.says("answer", run_id, item_id, "approved=yes")
                assert said == f"{item_id} goes on from approve.\n"
            await sluice.ended(run_id)


async def test_an_item_is_shown_with_its_steps_and_what_came_of_each(
    opener: Opener, commanding: Commanding
) -> None:
    async def fail() -> None:
        raise ConnectionError("the line\x1b[2J is dead")

    async def script(item: str, ctx: Context) -> None:
        await ctx.run("draft", Calls().note, "a draft")
        await ctx.sleep("a moment", timedelta(milliseconds=10))
        if item == "u00001":
            await review(item, ctx)
        await ctx.run("call home", fail)

    async with opener(Reviewed(script)) as sluice, commanding(sluice) as command:
        await sluice.add_users(2)
        run_id = await sluice.start()
        async with sluice.worker():
            async with asyncio.timeout(PATIENCE):
                asked = "SELECT 1 FROM sluice.step WHERE name = 'approve' AND status = 'suspended'"
                # Suspended it is in its moment of sleep too.
                while not await sluice.sql(asked) or not any(
                    item.status == "failed" for item in await sluice.items(run_id)
                ):
                    await asyncio.sleep(0.02)
        waiting = await command.says("item", run_id, "u00001")
        failed = await command.says("item", run_id, "u00002")
        whole = json.loads(await command.says("item", run_id, "u00002", "--json"))
    lines = waiting.splitlines()
    assert lines[0] == "u00001 suspended, 0 attempts"
    steps = [line.split("   ") for line in map(str.strip, lines) if line.startswith("20")]
    rows = {step[1]: " ".join(step) for step in steps}
    assert list(rows) == ["draft", "a moment", "approve"]
    assert rows["draft"].split()[3:6] == ["run", "done", "1"]
    assert rows["draft"].split()[-3] == "ms"
    assert rows["draft"].endswith("A DRAFT")
    assert "until 20" in rows["approve"]
    assert "Draft of u00001" in rows["approve"]
    assert lines[-1].endswith(f" answer {run_id} u00001 NAME=VALUE …")
    assert "u00002 failed at 20" in failed
    assert "\nConnectionError: Step 'call home': the line [2J is dead\n" in failed
    assert "\x1b" not in failed
    assert [step["name"] for step in whole["steps"]] == ["draft", "a moment", "call home"]


async def test_what_an_item_writes_is_printed_live_and_later(
    opener: Opener, commanding: Commanding, tmp_path: Path
) -> None:
    go_on = asyncio.Event()

    async def script(item: str, ctx: Context) -> None:
        await ctx.stream.write("one\ntwo\x1b[2J")
        await go_on.wait()
        await ctx.stream.write({"page": 3})
        if ctx.attempt == 1:
            raise ValueError("again")

    async with opener(Reviewed(script)) as sluice, commanding(sluice) as command:
        await sluice.add_users(1)
        run_id, log = await sluice.start(), tmp_path / "log"
        async with sluice.worker():
            await items_at(sluice, run_id, ItemStatus.PENDING)
            following = command.sluice.start("output", run_id, "u00001", "--follow", log=log)
            try:
                await asyncio.to_thread(wait_for, "two", log, following)
                go_on.set()
                assert await asyncio.to_thread(following.wait, 30) == 0
            finally:
                following.kill()
                following.wait()
        written = ["one", "two [2J", '{"page": 3}']
        both = [*written, "— attempt 2 —", *written]
        assert log.read_text().splitlines() == [*both, "u00001 succeeded"]
        assert (await command.says("output", run_id, "u00001")).splitlines() == both
        whole = json.loads(await command.says("output", run_id, "u00001", "--json"))
        assert [one["data"] for one in whole["chunks"][:2]] == ["one\ntwo\x1b[2J", {"page": 3}]
        live = await command.says("output", run_id, "u00001", "--follow", "--json")
        assert [json.loads(line)["attempt"] for line in live.splitlines()] == [1, 1, 2, 2]
        assert "nobody" in await command.refused("output", run_id, "nobody", "--follow")


def test_a_service_that_is_away_is_a_sentence(sluice: Sluice) -> None:
    nowhere = {"SLUICE_URL": "http://127.0.0.1:9"}
    for args in (("suspended", "run_x"), ("item", "run_x", "u1"), ("output", "run_x", "u1")):
        assert "No service answers" in sluice.refused(*args, **nowhere)
