"""Printing: tables and colour on a terminal, plain text elsewhere."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

_WIDE = 200
"""Columns where there is no terminal: a file does not wrap, and an id must stay whole."""


def open_console() -> Console:
    terminal = sys.stdout.isatty()
    return Console(
        force_terminal=terminal,
        no_color=None if terminal else True,
        width=None if terminal else _WIDE,
        highlight=False,
        markup=False,
        emoji=False,
    )


def is_terminal() -> bool:
    """Whether somebody is there who may be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def confirm_removal(what: str, *, yes: bool) -> None:
    """
    Raises:
        typer.Exit: somebody was asked, and said no.
    """
    if not yes and is_terminal() and not typer.confirm(f"Remove the {printable(what)}?"):
        open_console().print("It stays.")
        raise typer.Exit(1)


def printable(text: str) -> str:
    """``text`` on one line and without what would command the terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


def table(*columns: str, right: Sequence[str] = ()) -> Table:
    """``right``: the columns of numbers."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


def add(made: Table, *cells: object) -> None:
    """Add a row; None is shown as a dash."""
    made.add_row(*(Text("–" if cell is None else printable(str(cell))) for cell in cells))


def print_json(console: Console, answer: bytes) -> None:
    _print_value(console, json.loads(answer))


def print_done(answer: bytes, sentence: str, *, as_json: bool) -> None:
    """Of a command that has changed something: the API's answer for scripts, or the sentence."""
    console = open_console()
    if as_json:
        print_json(console, answer)
    else:
        console.print(sentence)


def print_pages(
    console: Console, rows: str, pages: Iterable[bytes], *, beside: bytes = b"{}"
) -> None:
    """Print the rows of all pages in one answer.

    Args:
        rows: the field of an answer in which they are.
        beside: an answer whose fields are to stand there too.
    """
    found = [row for page in pages for row in json.loads(page)[rows]]
    whole = {"success": True, **json.loads(beside), rows: found, "nextCursor": None}
    _print_value(console, whole)


def _print_value(console: Console, value: object) -> None:
    console.out(json.dumps(value, indent=2, ensure_ascii=False), highlight=False)


def number(value: float | None) -> str:
    return "–" if value is None else f"{value:,}"


def duration(seconds: float | None) -> str:
    """Roughly, as one says it: ``9.4 s``, ``3 min 5 s``, ``2 h 10 min``."""
    if seconds is None:
        return "unknown"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60:,} h {minutes % 60} min"


def when(moment: datetime) -> str:
    """By the clock of whoever reads it."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"


def path_of(names: Sequence[str]) -> str:
    """The names that lead to the step of a child."""
    return " → ".join(names)


def summary(value: object, most: int = 80) -> str | None:
    """A text, or JSON, in at most so many characters; None: there is nothing."""
    if value is None:
        return None
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def program() -> str:
    """How the reader calls us: a fresh clone's ``sluice`` is not on the path."""
    called = Path(sys.argv[0])
    found = shutil.which("sluice")
    if not called.is_absolute() or (found and Path(found).samefile(called)):
        return "sluice" if found else sys.argv[0]
    return str(called.relative_to(Path.cwd()) if called.is_relative_to(Path.cwd()) else called)
