"""``sluice preview``: against a service of this process, and what it prints."""

from __future__ import annotations

import io
import json

from pydantic import JsonValue
from rich.console import Console

from app.cli.previews.preview import print_preview
from app.schemas.workflow_answers import PreviewAnswer, StopView
from app.workflows.family import Context, FamilyParams, Fatal, Skip
from tests.cli.command import Commanding
from tests.support.families import Recording
from tests.support.service import Opener


class Keeping(Recording):
    async def stored(self, item_id: str, params: FamilyParams, ctx: Context) -> str | None:
        return {"u00001": "an old one", "u00002": "result of u00002"}.get(item_id)


def _work(item_id: str, ctx: Context) -> None:
    if item_id == "u00004":
        raise Skip("on holiday")
    if item_id == "u00005":
        raise Fatal("no such tongue")


async def test_a_preview_shows_a_difference_or_a_result_and_saves_nothing(
    opener: Opener, commanding: Commanding
) -> None:
    family = Keeping(_work)
    async with opener(family) as sluice, commanding(sluice) as command:
        await sluice.add_users(5)
        changed = (await command.says("preview", "recording", "u00001")).splitlines()
        assert changed[0].startswith("u00001 succeeded in ")
        assert changed[0].endswith(" ms. Nothing was saved.")
        assert changed[-2:] == ['-"an old one"', '+"result of u00001"']
        same = await command.says("preview", "recording", "u00002")
        assert same.splitlines()[1:] == ["It is what is stored already."]
        fresh = await command.says("preview", "recording", "u00003")
        assert fresh.splitlines()[1:] == ['"result of u00003"']
        skipped = await command.says("preview", "recording", "u00004")
        assert "u00004 skipped in" in skipped
        assert ": on holiday. Nothing was saved." in skipped
        assert await command.refused("preview", "recording", "u00005") == "Fatal: no such tongue"
        gone = await command.says("preview", "recording", "nobody")
        assert gone.endswith(" ms: The item is gone. Nothing was saved.\n")
        answer = json.loads(await command.says("preview", "recording", "u00001", "--json"))
        assert (answer["before"], answer["after"]) == ("an old one", "result of u00001")
        sentence = await command.refused("preview", "recording", "u1", "--param", "colour=red")
        assert sentence == "There is no param 'colour'. This family takes none."
    assert not family.saved


def _outcomes(item_id: str, ctx: Context) -> None:
    ctx.spend(usd=0.5, tokens=7)
    _work(item_id, ctx)


async def test_a_sample_shows_what_would_become_of_them_and_of_all(
    opener: Opener, commanding: Commanding
) -> None:
    family = Keeping(_outcomes)
    async with opener(family) as sluice, commanding(sluice) as command:
        await sluice.add_users(5)
        said = await command.says("preview", "recording", "--sample", "50")
        lines = [" ".join(line.split()) for line in said.splitlines()]
        assert lines[0] == (
            "There are 5 users to process, and not 50. Executed 5 users and saved nothing, for 2.50"
            " USD and 35 tokens: 3 would succeed, 1 would be skipped, 1 failed."
        )
        assert {"succeeded 3 60%", "skipped 1 20%", "failed 1 20%"} < set(lines)
        assert "1 failed Fatal no such tongue u00005" in lines
        assert "1 skipped – on holiday u00004" in lines
        assert "1 of 2 results would change." in lines
        assert {"u00001", '-"an old one"', '+"result of u00001"'} < set(lines)
        assert any(line.startswith("An item took ") for line in lines)
        assert "All 5 users: 2.50 USD, 35 tokens." in lines
        assert "Cost from: what the sample spent an item" in lines

        text = await command.says(
            "preview", "recording", "--sample", "3", "--budget-usd", "10", "--seconds", "30",
            "--force", "--json",
        )  # fmt: skip
        answer = json.loads(text)
        assert (answer["asked"], answer["begun"], answer["stopped"]) == (3, 3, None)
    assert not family.saved


async def test_what_is_of_a_sample_needs_one(opener: Opener, commanding: Commanding) -> None:
    async with opener(Recording()) as sluice, commanding(sluice) as command:
        sentence = await command.refused("preview", "recording")
        assert sentence == "Name either an ITEM, an --entity or a --sample."
        assert await command.refused("preview", "recording", "u1", "--sample", "5") == sentence
        sentence = await command.refused("preview", "recording", "u1", "--seconds", "5")
        assert "are for a --sample" in sentence
        wrong = await command.run("preview", "recording", "--sample", "201")
        assert wrong.returncode == 2
        assert "at most 200" in wrong.stderr


def shown(*, terminal: bool, **changed: JsonValue) -> str:
    values = {"itemId": "u1", "outcome": "succeeded", "milliseconds": 3, "result": ["x"]}
    empty = dict.fromkeys(("reason", "overwrites", "diff", "stop"))
    found = PreviewAnswer.model_validate({**empty, **values, **changed})
    kept = io.StringIO()
    console = Console(
        file=kept, force_terminal=terminal, color_system="standard", width=20, highlight=False,
        markup=False, emoji=False,
    )  # fmt: skip
    print_preview(console, found)
    return kept.getvalue()


def test_on_a_terminal_a_difference_is_coloured_and_nothing_in_it_commands_the_terminal() -> None:
    diff = "--- stored\n+++ preview\n@@ -1 +1 @@\n-old\n+n\x9bew \x1b[2J\n same"
    text = shown(terminal=True, diff=diff)
    assert "\x1b[31m-old\x1b[0m" in text
    assert "\x1b[32m+n ew  [2J\x1b[0m" in text
    assert "\x1b[36m@@" in text
    assert "\n same\n" in text


def test_a_long_line_is_not_broken() -> None:
    assert "x" * 60 in shown(terminal=False, result="x" * 60)


def test_a_result_that_would_be_overwritten_is_told() -> None:
    told = "It has a result, which its execution would overwrite."
    assert told in " ".join(shown(terminal=False, overwrites=True).split())
    assert "overwrite" not in shown(terminal=False, overwrites=False)
    assert "overwrite" not in shown(terminal=False, overwrites=None)


def test_where_a_preview_stops_is_told_with_what_it_would_ask() -> None:
    stop = StopView(step="confirm", kind="suspend", payload={"text": "Shall I?"})
    text = shown(terminal=False, outcome="suspended", result=None, stop=stop.model_dump())
    assert "It stops at 'confirm' (suspend), with:" in text.replace("\n", " ").replace("  ", " ")
    assert '"text": "Shall I?"' in text
    assert "null" not in text
