"""``sluice run``: a run, or its dry run, through the API."""

from __future__ import annotations

from typing import Annotated

import typer
from pydantic import JsonValue
from rich.console import Console

from app.cli.api_client import ApiClient, open_api
from app.cli.commands.families import find_family
from app.cli.commands.watch import tell_start
from app.cli.input.item_ids import chosen
from app.cli.input.json_object import parse_object
from app.cli.input.option_group import with_option_group
from app.cli.input.params import parse_params
from app.cli.input.run_options import RunStartOptions
from app.cli.options import (
    DryRun,
    FamilyName,
    Force,
    Json,
    Key,
    OwnEntity,
    Param,
    ThroughPauses,
    Watch,
    following,
)
from app.cli.output.console import (
    add,
    number,
    open_console,
    print_json,
    printable,
    program,
    table,
)
from app.cli.output.run_summary import expected_cost
from app.cli.routes_as_commands import with_commands
from app.config.run_bounds import MOST_ITEMS
from app.errors import BadInput
from app.schemas.families import FamilyView
from app.schemas.workflow_answers import DryRunAnswer, StartedAnswer

Limit = Annotated[int | None, typer.Option(min=1, max=MOST_ITEMS, help="At most so many items.")]
ItemIds = Annotated[
    list[str] | None, typer.Option(metavar="ID", help="Exactly this item; may be repeated.")
]
ItemsFrom = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Exactly these, an id a line; -: standard input."),
]
Wait = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS", min=0, max=30, help="Wait up to so long for the numbers of items."
    ),
]

commands = typer.Typer()


@commands.command()
@with_option_group
def run(
    family: FamilyName,
    *,
    dry_run: DryRun = False,
    param: Param = None,
    limit: Limit = None,
    force: Force = False,
    item_id: ItemIds = None,
    items_from: ItemsFrom = None,
    entity: OwnEntity = None,
    options: RunStartOptions,
    idempotency_key: Key = None,
    wait: Wait = None,
    watch: Watch = False,
    through_pauses: ThroughPauses = False,
    as_json: Json = False,
) -> None:
    """Start a run of a family through the API, or only count with --dry-run."""
    stops = options.body()
    follow_it = following(watch=watch, through_pauses=through_pauses)
    if item_id and items_from is not None:
        raise BadInput("Name the items with --item-id or with --items-from, not with both.")
    if dry_run and follow_it:
        raise BadInput("A dry run starts nothing to --watch. Leave one of the two out.")
    if wait is not None and (dry_run or follow_it):
        raise BadInput(
            "A --dry-run tells the numbers anyway, and so does --watch: leave --wait out."
        )
    console = open_console()
    with open_api() as api:
        found = find_family(api, family)
        body: dict[str, JsonValue] = {
            "dryRun": dry_run,
            "force": force,
            "params": parse_params(param or (), found.params),
            **stops,
        }
        body |= _selected(api, limit, item_id, items_from, entity)
        if idempotency_key is not None and "itemList" in body:
            raise BadInput(
                "--idempotency-key: each list of more than 1,000 ids is another one, so that"
                " the same call cannot be known again. Leave it out."
            )
        path = found.routes["process"]
        if not dry_run:
            waits = "" if wait is None else f"?wait={wait:g}"
            started = api.post(StartedAnswer, path + waits, body, key=idempotency_key)
            run_id = started.found.run_id
            code = tell_start(api, console, started, run_id, follow_it, as_json=as_json)
            if not as_json:
                _tell_more(console, started.found, waited=bool(waits))
            raise typer.Exit(code)
        answer = api.post(DryRunAnswer, path, body, key=idempotency_key)
    if as_json:
        print_json(console, answer.raw)
    else:
        print_dry_run(console, found, answer.found)


def _tell_more(console: Console, started: StartedAnswer, *, waited: bool) -> None:
    if waited:
        console.print(printable(with_commands(started.message, program())))
    if started.item_id is not None:
        console.print(f"What comes of it: {program()} item {started.run_id} {started.item_id}")


def _selected(
    api: ApiClient,
    limit: int | None,
    item_id: list[str] | None,
    items_from: str | None,
    entity: str | None,
) -> dict[str, JsonValue]:
    """Which items the body names; nothing: all that are eligible."""
    found: dict[str, JsonValue] = {} if limit is None else {"limit": limit}
    if entity is not None:
        if item_id or items_from is not None:
            raise BadInput(
                "An --entity is the only item of its run: leave --item-id and --items-from."
            )
        found["entity"] = parse_object(entity, "--entity")
    if item_id:
        found["itemIds"] = list[JsonValue](item_id)
    return found if items_from is None else found | chosen(api, items_from)


def print_dry_run(console: Console, family: FamilyView, found: DryRunAnswer) -> None:
    about = "" if found.exact else "about "
    made = table("Dry run", printable(family.name), right=[printable(family.name)])
    add(made, f"{family.entities} eligible", number(found.total_eligible))
    add(made, "already processed", about + number(found.already_processed))
    if found.stale:
        add(made, "with a stale result", about + number(found.stale))
    add(made, "to process", about + number(found.to_process))
    if found.to_overwrite:
        nearly = "" if found.to_overwrite_exact else "about "
        add(made, "results to overwrite", nearly + number(found.to_overwrite))
    estimate = found.estimate
    add(made, "estimate", expected_cost(estimate))
    console.print(made)
    console.print(printable(found.message))
    console.print(f"Estimated from: {printable(estimate.basis)}")
    if estimate.cost_basis and (estimate.usd or estimate.tokens):
        console.print(f"Cost from: {printable(estimate.cost_basis)}")
    if found.sample:
        console.print(f"For example: {printable(', '.join(found.sample[:3]))}")
