"""``sluice suspended``, ``answer`` and ``link``: what items wait for people for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from pydantic import JsonValue

from app import exact_json
from app.cli.api_client import ApiClient, open_api
from app.cli.input.durations import parse_duration
from app.cli.input.params import Schema, Words, parse_params
from app.cli.options import ItemId, Json, Most, RunId, StepPath
from app.cli.output.console import (
    add,
    open_console,
    path_of,
    print_done,
    print_json,
    printable,
    program,
    summary,
    table,
    when,
)
from app.cli.paths import item_path, run_path
from app.errors import BadInput, full_stop
from app.schemas.items import (
    ItemAnswer,
    ItemsAnswer,
    LinkAnswer,
    QuestionsAnswer,
    ResumedAnswer,
    StepView,
    SuspendedAnswer,
)

FIELDS = Words("", "field", "This answer has none.")

commands = typer.Typer()


@commands.command()
def suspended(
    run_id: Annotated[
        str | None, typer.Argument(metavar="[RUN]", help="Which run; else all of them.")
    ] = None,
    *,
    family: Annotated[str | None, typer.Option(help="Only in runs of this family.")] = None,
    limit: Most = 50,
    as_json: Json = False,
) -> None:
    """List what items wait for people for: those of one run, or of all."""
    if run_id is None:
        _print_questions(family, limit, as_json=as_json)
        return
    if family is not None:
        raise BadInput("A run has one family: leave out either the run or --family.")
    with open_api() as api:
        answer = api.get(SuspendedAnswer, run_path(run_id, "suspended"), limit=limit)
    console = open_console()
    if as_json:
        print_json(console, answer.raw)
        return
    if not answer.found.suspended:
        console.print("Nothing of it waits for an answer.")
        return
    made = table("Item", "Step", "Since", "Expires", "What is asked")
    for one in answer.found.suspended:
        expires = None if one.expires_at is None else when(one.expires_at)
        step = path_of(_path(one.step))
        add(made, one.item_id, step, when(one.since), expires, summary(one.payload))
    console.print(made)
    if answer.found.next_cursor is not None:
        console.print("There are more: see --limit.")
    console.print("Answer one with:")
    console.print(f"{program()} answer {printable(run_id)} ITEM NAME=VALUE …")


def _print_questions(family: str | None, limit: int, *, as_json: bool) -> None:
    with open_api() as api:
        answer = api.get(QuestionsAnswer, "/api/suspended", family=family, limit=limit)
    console = open_console()
    if as_json:
        print_json(console, answer.raw)
        return
    if not answer.found.questions:
        console.print("Nothing waits for an answer.")
        return
    made = table("Family", "Run", "Item", "Step", "Since", "Expires", "What is asked")
    for one in answer.found.questions:
        expires = None if one.expires_at is None else when(one.expires_at)
        asked = "(see the item)" if one.payload_omitted else summary(one.payload)
        place = (one.family, one.run_id, one.item_id, one.step)
        add(made, *place, when(one.since), expires, asked)
    console.print(made)
    if answer.found.next_cursor is not None:
        console.print("There are more: see --limit.")
    console.print("Answer one with:")
    console.print(f"{program()} answer RUN ITEM NAME=VALUE …")


def _path(step: str | list[str]) -> list[str]:
    return [step] if isinstance(step, str) else step


@commands.command()
def answer(
    run_id: RunId,
    item_id: ItemId,
    values: Annotated[
        list[str] | None, typer.Argument(metavar="NAME=VALUE", help="The answer, by its fields.")
    ] = None,
    *,
    step: StepPath = None,
    data: Annotated[
        str | None, typer.Option(metavar="JSON", help="The whole answer, in place of its fields.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Answer what an item waits for; it goes on with the answer."""
    if (data is None) == (not values):
        raise BadInput("Give the answer either as NAME=VALUE …, or as --data JSON.")
    given = None if data is None else _json(data)
    with open_api() as api:
        if values:
            given = _read(values, _schema(api, run_id, item_id, step or ()))
        body = {"data": given, **_step(step)}
        resumed = api.post(ResumedAnswer, item_path(run_id, item_id, "resume"), body)
    came_to = path_of(_path(resumed.found.step))
    sentence = printable(f"{resumed.found.item_id} goes on from {came_to}.")
    print_done(resumed.raw, sentence, as_json=as_json)


@commands.command()
def link(
    run_id: RunId,
    item_id: ItemId,
    *,
    step: StepPath = None,
    expires: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="How long the link is valid, such as 2d; else 7d."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a link on which somebody without a token may answer what an item waits for."""
    body = _step(step)
    if expires is not None:
        body["expiresSeconds"] = parse_duration("--expires", expires).total_seconds()
    with open_api() as api:
        made = api.post(LinkAnswer, item_path(run_id, item_id, "link"), body)
    console = open_console()
    if as_json:
        print_json(console, made.raw)
        return
    console.print(printable(made.found.url), soft_wrap=True)  # whole, or it leads nowhere
    console.print(f"Until {when(made.found.expires_at)}, whoever has it may answer this one step.")


def _step(path: list[str] | None) -> dict[str, JsonValue]:
    return {"step": list[JsonValue](path)} if path else {}


def _schema(api: ApiClient, run_id: str, item_id: str, step: Sequence[str]) -> Schema | None:
    """Of the answer; None: any, or nothing is found that waits, and the service will say so."""
    found = api.get(ItemAnswer, item_path(run_id, item_id)).found
    waiting = [one for one in found.steps if _leads_on(one, step)]
    if len(waiting) != 1:
        return None
    child = waiting[0].child_run_id
    if child is None:
        return waiting[0].schema_
    items = api.get(ItemsAnswer, run_path(child, "items"), limit=1).found.items
    return _schema(api, child, items[0].item_id, step[1:]) if items else None


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
