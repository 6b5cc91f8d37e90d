"""JSON, and how two results differ, line by line."""

from __future__ import annotations

import json

from pydantic import JsonValue
from rich.console import Console
from rich.text import Text

from app.cli.output.console import printable

_STYLES = {"---": "bold", "+++": "bold", "@@": "cyan", "-": "red", "+": "green"}
"""By how a line of a diff begins; the first that fits."""


def print_value(console: Console, value: JsonValue) -> None:
    print_lines(console, json.dumps(value, indent=2, ensure_ascii=False))


def print_lines(console: Console, text: str, *, coloured: bool = False) -> None:
    """``coloured``: as a diff."""
    for line in text.split("\n"):
        style = next((s for start, s in _STYLES.items() if coloured and line.startswith(start)), "")
        console.print(Text(printable(line), style), soft_wrap=True)
