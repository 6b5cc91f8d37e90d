"""``make bench-peers``: the same job done by Sluice and by its peers, in turns on the same servers.

The job is 20,000 items, each of which inserts a row of its own by a statement of its own. How each
peer is set up, and why, is in ``bench/peers/programs.py``. What workers say goes to
``bench/out/peers``, the figures to ``bench/out/peers.json``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import statistics
from collections import defaultdict
from collections.abc import Callable, Collection, Coroutine, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import uvloop
from redis.asyncio import Redis
from rich.console import Console
from rich.table import Column, Table

from app.bootstrap import Urls
from app.embedded.servers import servers
from app.logs import configure_logs
from app.migrate import ensure_database
from bench.peers.contestant import LOGS, Contestant, Place
from bench.peers.harness import WARM, Harness
from bench.peers.programs import PEERS
from bench.peers.sluice import FAMILIES, Sluice
from bench.support import bench_settings

DATABASE = "sluice_bench_peers"
OUT = LOGS.with_suffix(".json")
MEASURE = "sluice"
"""Whose rate the others' are told in."""
WORKERS = (1, 2)
SAMPLES, PAUSE = 21, 0.5
KILLED_ITEM = 0.1
KILL_WITHIN, KILL_GRACE = 60.0, 3.0
"""Seconds in which a dead worker's items must be done, and in which one may be done once more."""

ALL: list[Contestant] = [*map(Sluice, FAMILIES), *PEERS]
CONTESTANTS = {one.name: one for one in ALL}
Figures = list[dict[str, object]]


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.peers", description=__doc__, allow_abbrev=False
    )
    parser.add_argument("--row", type=_names(ROWS), default=[*ROWS], help=", ".join(ROWS))
    parser.add_argument(
        "--only", type=_names(CONTESTANTS), default=[*CONTESTANTS], help=", ".join(CONTESTANTS)
    )
    parser.add_argument("--items", type=_from_to(200, 1_000_000), default=20_000)
    parser.add_argument("--rounds", type=_from_to(1, 20), default=3, help="the median counts")
    parser.add_argument("--json", action="store_true", help="the figures alone, as JSON")
    options = parser.parse_args()
    configure_logs("error", "console")
    with servers(bench_settings(SLUICE_DATA_DIR=Path(".sluice/bench"))) as urls:
        for url in (urls.database, urls.redis):
            if urlsplit(url).hostname not in (None, "localhost", "127.0.0.1", "::1"):
                parser.error("The servers must be on this machine: what they cost is measured too.")
        figures = uvloop.run(_until_told(_all(urls, options)))
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps(figures, indent=2) + "\n")
    if options.json:
        print(json.dumps(figures, indent=2))
        return
    for row in options.row:
        Console().print(_table(row, [one for one in figures if one["row"] == row]))


async def _until_told(work: Coroutine[None, None, Figures]) -> Figures:
    """A SIGTERM is a Ctrl-C: what was started is stopped."""
    task = asyncio.create_task(work)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await task


async def _all(urls: Urls, options: argparse.Namespace) -> Figures:
    dsn = await ensure_database(urls.database, DATABASE)
    async with Redis.from_url(urls.redis) as redis:
        valkey = (await redis.info("server"))["process_id"]
    connection = await asyncpg.connect(dsn)
    try:
        harness = Harness(connection, Place(dsn, urls.redis, options.items + WARM), valkey)
        await harness.prepare()
        figures: Figures = []
        for row in options.row:
            figures += await ROWS[row](harness, options)
        return figures
    finally:
        await connection.close()


async def _rates(harness: Harness, options: argparse.Namespace, row: str) -> Figures:
    """In turns, because a machine is not as fast at one minute as at another."""
    measured: defaultdict[tuple[int, str], list[dict[str, float]]] = defaultdict(list)
    for number in range(options.rounds):
        for workers in WORKERS:
            for name in options.only:
                _say(f"{row}, {workers} worker(s), round {number + 1}: {name} …")
                measure = harness.rate if row == "rate" else harness.filled
                measured[workers, name].append(
                    await measure(CONTESTANTS[name], workers, options.items)
                )
    figures: Figures = []
    for (workers, name), rounds in measured.items():
        middle = {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}
        ours = measured.get((workers, MEASURE))
        if ours is not None:
            middle["sluice is"] = statistics.median(
                own["rate"] / other["rate"] for own, other in zip(ours, rounds, strict=True)
            )
        figures.append({"row": row, "workers": workers, "name": name, **middle})
    return figures


async def rate(harness: Harness, options: argparse.Namespace) -> Figures:
    """From the first call to the last item, with one worker and with two."""
    return await _rates(harness, options, "rate")


async def filled(harness: Harness, options: argparse.Namespace) -> Figures:
    """The same from a queue that was full before: peers are spared what a call for each item
    takes."""
    return await _rates(harness, options, "filled")


async def latency(harness: Harness, options: argparse.Namespace) -> Figures:
    """From a call to the row of its only item, on a worker that had nothing to do."""
    figures: Figures = []
    for name in options.only:
        _say(f"latency: {name} …")
        taken = await harness.latency(CONTESTANTS[name], SAMPLES, PAUSE)
        figures.append(
            {
                "row": "latency",
                "name": name,
                "median": statistics.median(taken),
                "worst": max(taken),
            }
        )
    return figures


async def kill(harness: Harness, options: argparse.Namespace) -> Figures:
    """One of two workers is killed: how long until every item is done."""
    figures: Figures = []
    for name in options.only:
        _say(f"kill: {name} …")
        found = await harness.kill(CONTESTANTS[name], KILLED_ITEM, KILL_WITHIN, KILL_GRACE)
        figures.append({"row": "kill", "name": name, **found})
    return figures


ROWS = {"rate": rate, "filled": filled, "latency": latency, "kill": kill}


def _names(known: Collection[str]) -> Callable[[str], list[str]]:
    def names(given: str) -> list[str]:
        asked = given.split(",")
        for name in asked:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(known)}")
        return asked

    return names


def _from_to(least: int, most: int) -> Callable[[str], int]:
    def number(given: str) -> int:
        if not least <= int(given) <= most:
            raise argparse.ArgumentTypeError(f"must be {least} to {most}")
        return int(given)

    return number


def _say(line: str) -> None:
    Console(stderr=True).print(line, highlight=False)


def _table(row: str, figures: Sequence[dict[str, object]]) -> Table:
    columns = [key for key in figures[0] if key != "row"]
    headers = (Column(name, no_wrap=name == "name") for name in columns)
    table = Table(*headers, title=f"{row}: {_UNITS[row]}")
    for figure in figures:
        table.add_row(*(_cell(figure.get(key)) for key in columns))
    return table


_UNITS = {
    "rate": "items/s; microseconds an item of the call, the workers, the servers",
    "filled": "items/s",
    "latency": "ms",
    "kill": "seconds after the kill until each item was done; items",
}


def _cell(value: object) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else f"{value:.4g}"


if __name__ == "__main__":
    main()
