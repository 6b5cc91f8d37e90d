"""``sluice backfills``: what there is, what became of one, and controlling it."""

from __future__ import annotations

import asyncio
import json

from pydantic import JsonValue

from app.cli.api_client import open_api
from app.cli.output.backfill_line import PATH, backfill_path, ended, standing
from app.cli.output.console import add, open_console, print_json, printable, table, when
from app.schemas.backfills import BackfillAnswer, BackfillsAnswer, PartitionsAnswer, PartitionView
from app.settings import load_settings


def list_backfills(*, family: str | None, as_json: bool) -> None:
    answer, found = asyncio.run(_backfills(family))
    console = open_console()
    if as_json:
        print_json(console, answer)
        return
    if not found.backfills:
        console.print("There are no such backfills yet.")
        return
    numbers = ("Ended", "Of", "Succeeded")
    made = table(
        *("Backfill", "Family", "Status", "From", "To", "Mode"),
        *(*numbers, "Started by", "Created"),
        right=numbers,
    )
    for one in found.backfills:
        parts = one.partitions
        add(
            made,
            *(one.id, one.family, one.status),
            *(f"{one.since:%Y-%m-%d %H:%M}", f"{one.until:%Y-%m-%d %H:%M}", one.mode),
            *(ended(parts), parts.total, parts.succeeded, one.started_by, when(one.created_at)),
        )
    console.print(made)


async def _backfills(family: str | None) -> tuple[bytes, BackfillsAnswer]:
    async with open_api(load_settings()) as api:
        answer = await api.get(PATH, family=family)
        return answer, api.read(BackfillsAnswer, answer)


def show_backfill(backfill_id: str, *, as_json: bool) -> None:
    raw, found, partitions = asyncio.run(_backfill(backfill_id))
    console = open_console()
    if as_json:
        print_json(console, json.dumps({"success": True, "partitions": raw}).encode())
        return
    made = table("Partition", "Status", "Run")
    for one in partitions:
        add(made, one.key, one.status, one.run_id)
    console.print(made)
    console.print(printable(standing(found)))


async def _backfill(
    backfill_id: str,
) -> tuple[list[JsonValue], BackfillAnswer, list[PartitionView]]:
    """All partitions, page by page: as they were sent, and as they were read."""
    raw: list[JsonValue] = []
    partitions: list[PartitionView] = []
    cursor: str | None = None
    async with open_api(load_settings()) as api:
        found = api.read(BackfillAnswer, await api.get(backfill_path(backfill_id)))
        while True:
            answer = await api.get(
                backfill_path(backfill_id, "partitions"), limit=200, cursor=cursor
            )
            page = api.read(PartitionsAnswer, answer)
            raw += json.loads(answer)["partitions"]
            partitions += page.partitions
            cursor = page.next_cursor
            if cursor is None:
                return raw, found, partitions


def act(backfill_id: str, action: str, *, as_json: bool) -> None:
    answer = asyncio.run(_act(backfill_id, action))
    console = open_console()
    if as_json:
        print_json(console, answer)
        return
    found = BackfillAnswer.model_validate_json(answer)
    console.print(printable(f"{found.backfill.id} {standing(found)}"))


async def _act(backfill_id: str, action: str) -> bytes:
    async with open_api(load_settings()) as api:
        return await api.post(backfill_path(backfill_id, action))
