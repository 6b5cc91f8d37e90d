"""``sluice suspended``, ``answer`` and ``link``: what items wait for people for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from pydantic import JsonValue

from app import exact_json
from app.cli.api_client import ApiClient, item_path, open_api, run_path
from app.cli.input.durations import parse_duration
from app.cli.input.params import Schema, Words, parse_params
from app.cli.output.console import (
    add,
    open_console,
    path_of,
    print_json,
    printable,
    program,
    summary,
    table,
    when,
)
from app.errors import BadInput, full_stop
from app.schemas.items import (
    ItemAnswer,
    ItemsAnswer,
    LinkAnswer,
    ResumedAnswer,
    StepView,
    SuspendedAnswer,
)
from app.settings import load_settings

FIELDS = Words("", "field", "This answer has none.")


def list_suspended(run_id: str, *, limit: int, as_json: bool) -> None:
    answer, found = asyncio.run(_suspended(run_id, limit))
    console = open_console()
    if as_json:
        print_json(console, answer)
        return
    if not found.suspended:
        console.print("Nothing of it waits for an answer.")
        return
    made = table("Item", "Step", "Since", "Expires", "What is asked")
    for one in found.suspended:
        expires = None if one.expires_at is None else when(one.expires_at)
        add(
            made,
            one.item_id,
            path_of(_path(one.step)),
            when(one.since),
            expires,
            summary(one.payload),
        )
    console.print(made)
    if found.next_cursor is not None:
        console.print("There are more: see --limit.")
    console.print("Answer one with:")
    console.print(f"{program()} answer {printable(run_id)} ITEM NAME=VALUE …")


def _path(step: str | list[str]) -> list[str]:
    return [step] if isinstance(step, str) else step


async def _suspended(run_id: str, limit: int) -> tuple[bytes, SuspendedAnswer]:
    async with open_api(load_settings()) as api:
        answer = await api.get(run_path(run_id, "suspended"), limit=limit)
        return answer, api.read(SuspendedAnswer, answer)


def answer_item(
    run_id: str,
    item_id: str,
    step: Sequence[str],
    *,
    data: str | None,
    values: Sequence[str],
    as_json: bool,
) -> None:
    """``step``: the path of names, empty where only one waits; ``data``: JSON, in place of
    ``values``."""
    if (data is None) == (not values):
        raise BadInput("Give the answer either as NAME=VALUE …, or as --data JSON.")
    given = None if data is None else _json(data)
    answer, resumed = asyncio.run(_answer(run_id, item_id, step, given, values))
    console = open_console()
    if as_json:
        print_json(console, answer)
    else:
        console.print(printable(f"{resumed.item_id} goes on from {path_of(_path(resumed.step))}."))


def link_to(
    run_id: str, item_id: str, step: Sequence[str], *, expires: str | None, as_json: bool
) -> None:
    body: dict[str, JsonValue] = {}
    if step:
        body["step"] = list(step)
    if expires is not None:
        body["expiresSeconds"] = parse_duration("--expires", expires).total_seconds()
    answer, link = asyncio.run(_link(run_id, item_id, body))
    console = open_console()
    if as_json:
        print_json(console, answer)
        return
    console.print(printable(link.url), soft_wrap=True)  # whole, or it leads nowhere
    console.print(f"Until {when(link.expires_at)}, whoever has it may answer this one step.")


async def _link(run_id: str, item_id: str, body: dict[str, JsonValue]) -> tuple[bytes, LinkAnswer]:
    async with open_api(load_settings()) as api:
        answer = await api.post(item_path(run_id, item_id, "link"), body)
        return answer, api.read(LinkAnswer, answer)


async def _answer(
    run_id: str, item_id: str, step: Sequence[str], data: JsonValue, values: Sequence[str]
) -> tuple[bytes, ResumedAnswer]:
    async with open_api(load_settings()) as api:
        if values:
            data = _read(values, await _schema(api, run_id, item_id, step))
        body: dict[str, JsonValue] = {"data": data}
        if step:
            body["step"] = list(step)
        answer = await api.post(item_path(run_id, item_id, "resume"), body)
        return answer, api.read(ResumedAnswer, answer)


async def _schema(api: ApiClient, run_id: str, item_id: str, step: Sequence[str]) -> Schema | None:
    """Of the answer; None: any, or nothing is found that waits, and the service will say so."""
    found = api.read(ItemAnswer, await api.get(item_path(run_id, item_id)))
    waiting = [one for one in found.steps if _leads_on(one, step)]
    if len(waiting) != 1:
        return None
    if waiting[0].child_run_id is None:
        return waiting[0].schema_
    child = waiting[0].child_run_id
    items = api.read(ItemsAnswer, await api.get(run_path(child, "items"), limit=1)).items
    return await _schema(api, child, items[0].item_id, step[1:]) if items else None


def _leads_on(one: StepView, step: Sequence[str]) -> bool:
    waits = one.status == "suspended" or (one.status == "waiting" and one.child_run_id is not None)
    return waits and (not step or one.name == step[0])


def _read(values: Sequence[str], schema: Schema | None) -> JsonValue:
    if schema is None:
        anything: dict[str, JsonValue] = {pair.partition("=")[0]: {} for pair in values}
        schema = {"properties": anything}
    elif "properties" not in schema:
        raise BadInput("What is asked for has no fields. Give the answer as --data JSON.")
    return dict(parse_params(values, schema, FIELDS))


def _json(text: str) -> JsonValue:
    try:
        return exact_json.loads(text)
    except ValueError as error:
        raise BadInput(f"--data: it cannot be read as JSON: {full_stop(str(error))}") from None
