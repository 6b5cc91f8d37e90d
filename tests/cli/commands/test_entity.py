"""``sluice run --entity``: what is typed, or stands in a file, is handed over."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from tests.cli.command import Commanding
from tests.support.families import Recording
from tests.support.http import traces
from tests.support.service import Opener
from tests.workflows.invocations.postcards import Postcards
from tests.workflows.invocations.test_invocation import CARD

RUN = ("run", "postcard")


async def test_an_entity_is_typed_or_read_and_its_run_is_watched(
    opener: Opener, commanding: Commanding, tmp_path: Path
) -> None:
    file = tmp_path / "card.json"
    file.write_text(json.dumps(CARD))
    family = Postcards()
    async with opener(family, Recording()) as sluice, commanding(sluice) as command:
        dry = await command.says(*RUN, "--entity", json.dumps(CARD), "--dry-run")
        assert "[DryRun] Would process 1 users" in dry
        assert await traces(sluice) == (0, 0, 0)
        async with sluice.worker():
            for given in (json.dumps(CARD), f"@{file}"):
                said = await command.says(*RUN, "--entity", given, "--param", "tone=dry", "--watch")
                assert "succeeded" in said
                told, _, shown = said.splitlines()[-1].partition(" item ")
                assert told.startswith("What comes of it: ")
                assert "dry words to Ada, 2 times" in await command.says("item", *shown.split())
            piped = await asyncio.to_thread(
                command.sluice.run, *RUN, "--entity", "@-", "--json", text=json.dumps(CARD)
            )
            answer = json.loads(piped.stdout)
            assert answer["itemId"] == answer["runId"].replace("run_", "adhoc_")
            await sluice.ended(answer["runId"])
        preview = await command.says("preview", "postcard", "--entity", f"@{file}")
        assert preview.splitlines()[1] == '"kind words to Ada, 2 times"'
        family.executed.pop()
        assert [one.to_whom for one in family.executed] == ["Ada"] * 3


async def test_what_is_no_entity_is_refused_before_or_by_the_service(
    opener: Opener, commanding: Commanding, tmp_path: Path
) -> None:
    latin, large = tmp_path / "latin", tmp_path / "large"
    latin.write_bytes(b'{"a": "\xe9"}')
    large.write_bytes(b" " * 1_000_001)
    refused = {
        "{": "--entity: it is no JSON:",
        "[1]": "--entity: it must be a JSON object, such as",
        '{"a": 1, "a": 2}': "--entity: it is no JSON:",
        "@nowhere": "--entity: nowhere cannot be read: No such file or directory.",
        f"@{latin}": f"--entity: {latin} is not UTF-8.",
        f"@{large}": f"--entity: {large} holds more than 1,000,000 bytes.",
        '{"toWhom": "Ada", "copies": 9}': "--entity copies: must be at most 5",
    }
    async with opener(Postcards(), Recording()) as sluice, commanding(sluice) as command:
        for given, sentence in refused.items():
            assert (await command.refused(*RUN, "--entity", given)).startswith(sentence)
        card = json.dumps(CARD)
        both = await command.refused(*RUN, "--entity", card, "--item-id", "u1")
        assert both == "An --entity is the only item of its run: leave --item-id and --items-from."
        limited = await command.refused(*RUN, "--entity", card, "--limit", "3")
        assert limited.startswith("--limit: send either this or an entity, not both.")
        other = await command.refused("run", "recording", "--entity", card)
        assert "let Recording say what it takes" in other
        neither = await command.refused("preview", "postcard")
        assert neither == "Name either an ITEM, an --entity or a --sample."
        assert await traces(sluice) == (0, 0, 0)
