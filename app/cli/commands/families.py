"""``sluice families``, ``coverage`` and ``forget``: what a family is, and how much of its work is
done."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Annotated
from urllib.parse import quote

import typer
from pydantic import JsonValue

from app.cli.api_client import ApiClient, open_api
from app.cli.input.item_ids import parts_of
from app.cli.input.params import parse_params
from app.cli.options import FamilyName, Json, Note, Param, Yes
from app.cli.output.console import (
    add,
    is_terminal,
    number,
    open_console,
    print_json,
    printable,
    table,
)
from app.cli.paths import noted
from app.errors import BadInput
from app.schemas.coverage import CoverageAnswer, CoverageDayView, CoverageView
from app.schemas.families import FamiliesAnswer, FamilyView
from app.schemas.workflow_answers import ForgottenAnswer
from app.workflows.registry.family_files import restart

LISTED = 10
"""Days in the table; the line before it has them all."""
_BARS = "▁▂▃▄▅▆▇█"

commands = typer.Typer()


@commands.command()
def families(*, as_json: Json = False) -> None:
    """List the job families that the service has."""
    with open_api() as api:
        answer = api.get(FamiliesAnswer, "/api/families")
    console = open_console()
    if as_json:
        print_json(console, answer.raw)
        return
    made = table("Family", "Works on", "Params", "At once", "Starts/s", "What it does")
    for family in answer.found.families:
        execute = next((line for line in family.flow if line.key.endswith(".execute")), None)
        properties = family.params.get("properties")
        add(
            made,
            *(family.name, family.entities),
            ", ".join(properties) if isinstance(properties, dict) and properties else None,
            execute and execute.parallelism,
            f"{execute.rate / execute.period_seconds:g}" if execute and execute.rate else None,
            family.description.splitlines()[0] if family.description else None,
        )
    console.print(made)
    if answer.found.newer_files:
        console.print(printable(restart(answer.found.newer_files).strip()))


def find_family(api: ApiClient, name: str) -> FamilyView:
    """
    Raises:
        BadInput: the service has none of this name.
    """
    found = api.get(FamiliesAnswer, "/api/families").found
    named = {family.name: family for family in found.families}
    if name not in named:
        known = f"Known are: {', '.join(named) or 'none'}.{printable(restart(found.newer_files))}"
        raise BadInput(f"There is no family {printable(name)!r}. {known}")
    return named[name]


@commands.command()
def coverage(family: FamilyName, *, param: Param = None, as_json: Json = False) -> None:
    """Show how many of a family's eligible have a result, now and over the last 90 days."""
    with open_api() as api:
        known = find_family(api, family)
        asked = json.dumps(parse_params(param, known.params)) if param else None
        path = f"/api/families/{quote(family, safe='')}/coverage"
        answer = api.get(CoverageAnswer, path, params=asked)
    console = open_console()
    if as_json:
        print_json(console, answer.raw)
        return
    now, days = answer.found.now, answer.found.days
    if now is None:
        console.print(f"{known.name} does not tell which {known.entities} have a result.")
    else:
        console.print(f"{in_words(now)} {known.entities} have a result.")
    if not days:
        console.print("No day has been recorded yet: the first is when a run ends.")
        return
    console.print(f"{days[0].day} {sparkline(days)} {days[-1].day}")
    numbers = ("With a result", "Eligible", "Share")
    made = table("Day", *numbers, right=numbers)
    for one in days[-LISTED:]:
        about = "" if one.exact else "about "
        add(made, one.day, about + number(one.with_result), number(one.eligible), percent(one))
    console.print(made)


@commands.command()
def forget(
    family: FamilyName,
    *,
    items: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Only these, an id a line; -: standard input."),
    ] = None,
    item_id: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only this item; may be repeated.")
    ] = None,
    yes: Yes = False,
    note: Note = None,
    as_json: Json = False,
) -> None:
    """Let items of a family count as not done: what Sluice remembers of them, or of all."""
    if items is not None and item_id:
        raise BadInput("Name items either with --item-id or with --items.")
    parts: Iterable[list[str] | None] = [item_id] if items is None else parts_of(items, "--items")
    console = open_console()
    with open_api() as api:
        known = find_family(api, family)
        everything = items is None and not item_id
        question = f"Forget the results of all {known.entities}? The next run makes them anew."
        if everything and not yes and is_terminal() and not typer.confirm(printable(question)):
            console.print("They stay.")
            raise typer.Exit(1)
        path, done = f"/api/families/{quote(family, safe='')}/forget", 0
        for ids in parts:
            which = {"itemIds": list[JsonValue](ids)} if ids else {"all": True}
            answer = api.post(ForgottenAnswer, path, {**which, **noted(note)})
            done += answer.found.forgotten or 0
            if as_json:
                print_json(console, answer.raw)
    if not as_json:
        some = "all" if everything else number(done)
        whose = known.entity if some == "1" else known.entities
        console.print(f"Forgot the results of {some} {whose}.")


def share_of(found: CoverageView) -> float | None:
    """The share of eligible items that have a result, 0 to 1; None: no item is eligible."""
    return found.with_result / found.eligible if found.eligible else None


def in_words(found: CoverageView) -> str:
    about = "" if found.exact else "about "
    share = "" if share_of(found) is None else f" ({percent(found)})"
    return f"{about}{number(found.with_result)} of {number(found.eligible)}{share}"


def percent(found: CoverageView) -> str:
    share = share_of(found)
    if share is None:
        return "–"
    # Down, so that 100% is all of them.
    return f"{int(share * 1000) / 10:.1f}%"


def sparkline(days: Sequence[CoverageDayView]) -> str:
    """A bar for each day from the first to the last; one that was not recorded is as the one before
    it, and one on which nothing was eligible has none."""
    shares = {one.day: share_of(one) for one in days}
    share = share_of(days[0])
    bars = []
    for n in range((days[-1].day - days[0].day).days + 1):
        share = shares.get(days[0].day + timedelta(days=n), share)
        bars.append(" " if share is None else _BARS[min(int(share * len(_BARS)), len(_BARS) - 1)])
    return "".join(bars)
