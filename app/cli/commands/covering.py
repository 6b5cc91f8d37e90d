"""``sluice coverage``: how much of a family's work is done, and how that came to be."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import quote

from app.cli.api_client import open_api
from app.cli.commands.jobs import find
from app.cli.input.params import parse_params
from app.cli.output.console import add, number, open_console, print_json, table
from app.schemas.coverage import CoverageAnswer, CoverageDayView, CoverageView
from app.schemas.families import FamilyView
from app.settings import load_settings

LISTED = 10
"""Days in the table; the line before it has them all."""
_BARS = "▁▂▃▄▅▆▇█"


def share_of(found: CoverageView) -> float | None:
    """None: nothing is eligible, so that there is nothing to have a share of."""
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


def show_coverage(family: str, params: tuple[str, ...], *, as_json: bool) -> None:
    answer, known, found = asyncio.run(_coverage(family, params))
    console = open_console()
    if as_json:
        print_json(console, answer)
        return
    if found.now is None:
        console.print(f"{known.name} does not tell which {known.entities} have a result.")
    else:
        console.print(f"{in_words(found.now)} {known.entities} have a result.")
    if not found.days:
        console.print("No day has been recorded yet: the first is when a run ends.")
        return
    console.print(f"{found.days[0].day} {sparkline(found.days)} {found.days[-1].day}")
    numbers = ("With a result", "Eligible", "Share")
    made = table("Day", *numbers, right=numbers)
    for one in found.days[-LISTED:]:
        about = "" if one.exact else "about "
        add(made, one.day, about + number(one.with_result), number(one.eligible), percent(one))
    console.print(made)


async def _coverage(
    family: str, params: tuple[str, ...]
) -> tuple[bytes, FamilyView, CoverageAnswer]:
    async with open_api(load_settings()) as api:
        known = await find(api, family)
        asked = json.dumps(parse_params(params, known.params)) if params else None
        answer = await api.get(f"/api/families/{quote(family, safe='')}/coverage", params=asked)
        return answer, known, api.read(CoverageAnswer, answer)


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
