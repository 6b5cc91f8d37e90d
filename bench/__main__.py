"""``make bench``: every row of the design's table, side by side, on servers of its own.

``make bench ROW=ceiling`` runs one; ``ROW=growth`` and ``ROW=old`` take minutes and run only when
they are named, or with ``ROW=all``. The figures go to ``bench/out/latest.json``.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path

import uvloop
from rich.console import Console
from rich.table import Table

from app.cli.server.environment import settle
from app.connections.server_urls import Urls
from app.embedded.servers import servers
from app.logs import configure_logs
from app.migrate import ensure_database
from bench.ended_runs import PER_RUN
from bench.figures import Figure
from bench.old import OLD_ITEMS
from bench.remembered import MANY
from bench.rows import LONG, ROWS, export, old, remembered
from bench.support import DATABASE, bench_settings

Row = Callable[[Urls], Awaitable[list[Figure]]]
LEAST_MANY = 1_000
OUT = Path(__file__).with_name("out") / "latest.json"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("row", nargs="?", choices=[*ROWS, "all"], help="only this one")
    parser.add_argument(
        "--old", type=int, default=OLD_ITEMS, help="items of ended runs, of ROW=old: %(default)s"
    )
    parser.add_argument(
        "--many", type=int, default=MANY, help="items of ROW=export and ROW=remembered: %(default)s"
    )
    options = parser.parse_args()
    if options.old < PER_RUN:
        parser.error(f"--old is at least {PER_RUN:,}: an old run has so many items")
    if options.many < LEAST_MANY:
        parser.error(f"--many is at least {LEAST_MANY:,}: that many are looked up together")
    row = options.row
    rows: dict[str, Row] = {
        **ROWS,
        "old": partial(old, items=options.old),
        "export": partial(export, items=options.many),
        "remembered": partial(remembered, items=options.many),
    }
    configure_logs("error", "console")
    names = [row] if row in ROWS else [n for n in ROWS if row == "all" or n not in LONG]
    figures: list[Figure] = []
    with servers(bench_settings(SLUICE_DATA_DIR=Path(".sluice/bench"))) as given:
        settle()  # as a process of the service does
        for name in names:
            print(f"{name} …", flush=True)
            figures += uvloop.run(_one(rows[name], given))
    if not figures:
        return  # a row to read, such as ``profile``
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n")
    Console().print(_table(figures))


async def _one(row: Row, given: Urls) -> list[Figure]:
    urls = Urls(await ensure_database(given.database, DATABASE), given.redis)
    return await row(urls)


def _table(figures: list[Figure]) -> Table:
    table = Table("row", "target", "figure", "unit", "met")
    for figure in figures:
        met = {None: "", True: "[green]yes[/]", False: "[red]no[/]"}[figure.met]
        table.add_row(figure.row, figure.target, f"{figure.value:g}", figure.unit, met)
    return table


if __name__ == "__main__":
    main()
