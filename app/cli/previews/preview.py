"""``sluice preview``: what one item would become, or a sample of those that are to be processed."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Annotated

import typer
from pydantic import JsonValue
from rich.console import Console

from app.cli.api_client import ApiClient, Reply, open_api
from app.cli.commands.families import find_family
from app.cli.input.json_object import parse_object
from app.cli.input.params import parse_params
from app.cli.input.run_options import budget_of
from app.cli.options import FamilyName, Json, OwnEntity, Param, above
from app.cli.output.console import open_console, print_json, printable
from app.cli.output.differences import print_lines, print_value
from app.cli.previews.long_call import post_long
from app.cli.previews.sample_table import print_sample, progress_of
from app.config.run_bounds import MOST_TOKENS, MOST_USD
from app.errors import BadInput, full_stop
from app.schemas.samples.answers import SampleAnswer, SampleProgress
from app.schemas.workflow_answers import PreviewAnswer

ItemId = Annotated[str | None, typer.Argument(metavar="ITEM", help="Which item, by its id.")]
SampleSize = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        max=200,
        help="In place of an item, N of those to process, chosen at random.",
    ),
]
SampleSeconds = Annotated[
    float | None,
    typer.Option(metavar="S", min=1, max=300, help="For a sample: how many seconds; else 60."),
]
BudgetUsd = Annotated[
    float | None,
    above(0, MOST_USD, "For a sample: begin no more once so many USD are spent."),
]
BudgetTokens = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        max=MOST_TOKENS,
        help="For a sample: begin no more once so many tokens are spent.",
    ),
]
SampleForce = Annotated[
    bool, typer.Option("--force", help="For a sample: also items that have a result.")
]

commands = typer.Typer()


@commands.command()
def preview(
    family: FamilyName,
    item_id: ItemId = None,
    *,
    entity: OwnEntity = None,
    sample: SampleSize = None,
    seconds: SampleSeconds = None,
    budget_usd: BudgetUsd = None,
    budget_tokens: BudgetTokens = None,
    force: SampleForce = False,
    param: Param = None,
    as_json: Json = False,
) -> None:
    """Execute one item, or a --sample, and save nothing: show the result, or how it differs from
    what is stored."""
    if [item_id, entity, sample].count(None) != 2:
        raise BadInput("Name either an ITEM, an --entity or a --sample.")
    budget = budget_of(budget_usd, budget_tokens)
    if sample is None and (seconds is not None or budget or force):
        raise BadInput("--seconds, --budget-usd, --budget-tokens and --force are for a --sample.")
    console = open_console()
    with open_api() as api:
        known = find_family(api, family)
        body: dict[str, JsonValue] = {"params": parse_params(param or (), known.params)}
        if sample is not None:
            body |= {"size": sample, "force": force}
            body |= {} if seconds is None else {"seconds": seconds}
            body |= {"budget": budget} if budget else {}
            sampled = _sampled(api, console, known.routes["sample"], body)
            if as_json:
                print_json(console, sampled.raw)
            else:
                print_sample(console, known, sampled.found)
            return
        what = (
            {"itemId": item_id} if entity is None else {"entity": parse_object(entity, "--entity")}
        )
        answer = api.post(PreviewAnswer, known.routes["execute"], {**body, **what, "dryRun": True})
    if as_json:
        print_json(console, answer.raw)
    else:
        print_preview(console, answer.found)


def _sampled(
    api: ApiClient, console: Console, path: str, body: dict[str, JsonValue]
) -> Reply[SampleAnswer]:
    """On a terminal one sees meanwhile how far it is."""
    with console.status("Counting …") if console.is_terminal else nullcontext() as status:

        def tell(data: str) -> None:
            if status is not None:
                status.update(f"{progress_of(api.read(SampleProgress, data))} …")

        return post_long(api, SampleAnswer, path, body, event="sample", tell=tell)


def print_preview(console: Console, found: PreviewAnswer) -> None:
    why = full_stop(f": {found.reason}" if found.reason else "")
    console.print(
        printable(
            f"{found.item_id} {found.outcome} in {found.milliseconds:,} ms{why} Nothing was saved."
        )
    )
    if found.stop is not None:
        console.print(printable(f"It stops at {found.stop.step!r} ({found.stop.kind}), with:"))
        print_value(console, found.stop.payload)
    if found.outcome != "succeeded":
        return
    if found.overwrites:
        console.print("It has a result, which its execution would overwrite.")
    if found.diff is None:
        print_value(console, found.result)
    elif found.diff:
        print_lines(console, found.diff, coloured=True)
    else:
        console.print("It is what is stored already.")
