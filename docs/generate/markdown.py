"""Pieces of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def code(text: object) -> str:
    return f"`{text}`"


def cell(text: str) -> str:
    """What may stand in a table: one line, and no bar that would end the cell."""
    return " ".join(text.split()).replace("|", "\\|")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Ends with an empty line."""
    lines = [head, ["---"] * len(head), *([cell(text) for text in row] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines) + "\n"


def prose(docstring: str) -> str:
    """A docstring as Markdown: code in double backquotes becomes code in single ones."""
    return docstring.replace("``", "`").strip()


def sentence(text: str) -> str:
    """With a capital and a full stop, as it stands alone."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
