"""The commands about one item of a run, and about what items wait for, and their options."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.options import ItemId, Json, RunId, StepPath


def suspended(
    run_id: RunId,
    *,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many at most.")] = 50,
    as_json: Json = False,
) -> None:
    """List what the items of a run wait for people for."""
    from app.cli.commands.answers import list_suspended  # noqa: PLC0415

    list_suspended(run_id, limit=limit, as_json=as_json)


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
    from app.cli.commands.answers import answer_item  # noqa: PLC0415

    path, fields = tuple(step or ()), tuple(values or ())
    answer_item(run_id, item_id, path, data=data, values=fields, as_json=as_json)


def link(
    run_id: RunId,
    item_id: ItemId,
    *,
    step: StepPath = None,
    expires: Annotated[
        str | None, typer.Option(metavar="TIME", help="After so long, such as 2d; else 7d.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make a link on which somebody without a token may answer what an item waits for."""
    from app.cli.commands.answers import link_to  # noqa: PLC0415

    link_to(run_id, item_id, tuple(step or ()), expires=expires, as_json=as_json)


def item(run_id: RunId, item_id: ItemId, *, as_json: Json = False) -> None:
    """Show what became of an item, its steps, and how long each took."""
    from app.cli.commands.item import show_item  # noqa: PLC0415

    show_item(run_id, item_id, as_json=as_json)


def output(
    run_id: RunId,
    item_id: ItemId,
    *,
    follow: Annotated[
        bool, typer.Option("--follow", help="Until the item ends; exit 1 unless it succeeds.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print what an item has written to its stream."""
    from app.cli.commands.output import show_output  # noqa: PLC0415

    raise typer.Exit(show_output(run_id, item_id, follow_it=follow, as_json=as_json))


ITEM_COMMANDS = (suspended, answer, link, item, output)
"""In the order of ``sluice --help``."""
