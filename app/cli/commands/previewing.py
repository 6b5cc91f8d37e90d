"""``sluice preview``: what one item would become, beside what is stored for it."""

from __future__ import annotations

import asyncio
import json

from pydantic import JsonValue
from rich.console import Console
from rich.text import Text

from app.cli.api_client import open_api
from app.cli.commands.jobs import find
from app.cli.input.params import parse_params
from app.cli.output.console import open_console, print_json, printable
from app.errors import full_stop
from app.schemas.workflow_answers import PreviewAnswer
from app.settings import load_settings

_STYLES = {"---": "bold", "+++": "bold", "@@": "cyan", "-": "red", "+": "green"}
"""By how a line of a diff begins; the first that fits."""


def preview_item(family: str, item_id: str, params: tuple[str, ...], *, as_json: bool) -> None:
    answer, found = asyncio.run(_preview(family, item_id, params))
    console = open_console()
    if as_json:
        print_json(console, answer)
    else:
        print_preview(console, found)


async def _preview(name: str, item_id: str, params: tuple[str, ...]) -> tuple[bytes, PreviewAnswer]:
    async with open_api(load_settings()) as api:
        family = await find(api, name)
        given = parse_params(params, family.params)
        answer = await api.post(
            family.routes["execute"], {"itemId": item_id, "dryRun": True, "params": given}
        )
        return answer, api.read(PreviewAnswer, answer)


def print_preview(console: Console, found: PreviewAnswer) -> None:
    why = full_stop(f": {found.reason}" if found.reason else "")
    console.print(
        printable(
            f"{found.item_id} {found.outcome} in {found.milliseconds:,} ms{why} Nothing was saved."
        )
    )
    if found.stop is not None:
        console.print(printable(f"It stops at {found.stop.step!r} ({found.stop.kind}), with:"))
        _print(console, _indented(found.stop.payload))
    if found.outcome != "succeeded":
        return
    if found.overwrites:
        console.print("It has a result, which its execution would overwrite.")
    if found.diff is None:
        _print(console, _indented(found.result))
    elif found.diff:
        _print(console, found.diff, coloured=True)
    else:
        console.print("It is what is stored already.")


def _indented(value: JsonValue) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _print(console: Console, text: str, *, coloured: bool = False) -> None:
    for line in text.split("\n"):
        style = next((s for start, s in _STYLES.items() if coloured and line.startswith(start)), "")
        console.print(Text(printable(line), style), soft_wrap=True)
