"""``sluice output``: what an item writes while it is at work."""

from __future__ import annotations

import asyncio
import json

from pydantic import JsonValue
from rich.console import Console
from rich.text import Text

from app.cli.api_client import AWAY, ApiClient, CallRefused, item_path, open_api
from app.cli.output.console import open_console, print_json, printable
from app.errors import Unavailable
from app.schemas.items import ChunksAnswer, ChunkView, StreamEndView
from app.settings import load_settings

PATIENCE = 60.0
"""Seconds without an answer after which following gives up."""
_BETWEEN = 0.5
_FINE = ("succeeded", "skipped")


class Printer:
    """A chunk is a line, or several: a text as it is, anything else as JSON."""

    def __init__(self, console: Console, *, as_json: bool) -> None:
        self._console = console
        self._as_json = as_json
        self._attempt = 1

    def show(self, chunk: ChunkView, raw: JsonValue) -> None:
        """``raw``: as it was sent, of which scripts get each on a line."""
        if self._as_json:
            self._line(json.dumps(raw, ensure_ascii=False))
            return
        if chunk.attempt != self._attempt:
            self._attempt = chunk.attempt
            self._line(f"— attempt {chunk.attempt} —")
        data = chunk.data
        text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False)
        for line in text.split("\n"):
            self._line(line)

    def _line(self, text: str) -> None:
        self._console.print(Text(printable(text)), soft_wrap=True)


def show_output(run_id: str, item_id: str, *, follow_it: bool, as_json: bool) -> int:
    """The exit code."""
    return asyncio.run(_output(run_id, item_id, follow_it=follow_it, as_json=as_json))


async def _output(run_id: str, item_id: str, *, follow_it: bool, as_json: bool) -> int:
    console = open_console()
    path = item_path(run_id, item_id, "stream")
    async with open_api(load_settings()) as api:
        if follow_it:
            status = await follow(api, path, Printer(console, as_json=as_json))
            if not as_json:
                console.print(printable(f"{item_id} {status or 'is gone'}"))
            return 0 if status in _FINE else 1
        raw = await _all(api, path)
    if as_json:
        print_json(console, json.dumps({"success": True, "chunks": raw}).encode())
        return 0
    printer = Printer(console, as_json=False)
    for one in raw:
        printer.show(ChunkView.model_validate(one), one)
    if not raw:
        console.print("It has written nothing.")
    return 0


async def _all(api: ApiClient, path: str) -> list[JsonValue]:
    raw: list[JsonValue] = []
    cursor: str | None = None
    while True:
        answer = await api.get(path, limit=200, cursor=cursor)
        cursor = api.read(ChunksAnswer, answer).next_cursor
        raw += json.loads(answer)["chunks"]
        if cursor is None:
            return raw


async def follow(
    api: ApiClient, path: str, printer: Printer, *, patience: float = PATIENCE
) -> str | None:
    """Until the item has its outcome, which is returned; None: it was deleted meanwhile.

    Raises:
        Unavailable: the service has been away for so long.
        Refused: there is no such item.
    """
    clock = asyncio.get_running_loop().time
    last: str | None = None
    heard = clock()
    while True:
        try:
            async with api.follow(path, last=last) as stream:
                if stream is not None:
                    async for message in stream:
                        heard = clock()
                        if message.event == "ended":
                            return api.read(StreamEndView, message.data.encode()).status
                        last = message.id or last
                        printer.show(
                            api.read(ChunkView, message.data.encode()), json.loads(message.data)
                        )
        except (Unavailable, CallRefused) as error:
            away = isinstance(error, Unavailable) or error.status in AWAY
            if not away or clock() - heard > patience:
                raise
        await asyncio.sleep(_BETWEEN)
