"""``sluice preview``: against a service of this process, and what it prints."""

from __future__ import annotations

import io
import json

from pydantic import JsonValue
from rich.console import Console

from app.cli.commands.families import print_preview
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
