"""``sluice batches``: what went to providers' Batch APIs, and what waits to go."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from app.cli.api_client import open_api
from app.cli.options import Json, Most
from app.cli.output.console import add, open_console, print_json, printable, table, when
from app.schemas.provider_batches.answers import ProviderBatchesAnswer, ProviderBatchView

PATH = "/api/provider-batches"

commands = typer.Typer()


@commands.command()
def batches(
    *,
    is_open: Annotated[
        bool, typer.Option("--open", help="Only those that have not ended.")
    ] = False,
    limit: Most = 50,
    as_json: Json = False,
) -> None:
    """List batches of requests that providers answer together."""
    with open_api() as api:
        asked = "true" if is_open else None
        answer = api.get(ProviderBatchesAnswer, PATH, open=asked, limit=limit)
    console = open_console()
    if as_json:
        print_json(console, answer.raw)
        return
    for one in answer.found.waiting:
        of = printable(f"{one.provider} {one.model}".strip())
        console.print(f"{one.number:,} requests to {of} wait for a batch since {when(one.since)}.")
    if answer.found.batches:
        _print(console, answer.found)
    elif not answer.found.waiting:
        console.print("No batch was sent to a provider.")


def _print(console: Console, found: ProviderBatchesAnswer) -> None:
    made = table(
        "Batch", "Provider", "State", "Lines", "Done", "Failed", "Since", "Expires", "Why",
        right=("Lines", "Done", "Failed"),
    )  # fmt: skip
    for one in found.batches:
        add(
            made,
            one.id,
            f"{one.provider} {one.model}".strip(),
            one.state,
            f"{one.lines:,}",
            f"{one.done:,}",
            _failed(one),
            when(one.created_at),
            None if one.expires_at is None or one.ended_at else when(one.expires_at),
            one.error,
        )
    console.print(made)
    if found.next_cursor is not None:
        console.print("There are more: see --limit.")


def _failed(batch: ProviderBatchView) -> str:
    return f"{batch.failed:,}, again {batch.again:,}" if batch.again else f"{batch.failed:,}"
