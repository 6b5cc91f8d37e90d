"""Reads the tutorial as a list of things to do, in their order.

What the reader does is in ``sh`` blocks, what they see in the ``text`` block behind one. Comments,
which a reader of the page does not see, say what a block does not: see ``_MARK``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$|^<!-- ([^\n]+) -->$", re.MULTILINE | re.DOTALL)
_MARK = re.compile(
    r"edit (?P<edit>\S+)|exit code (?P<code>\d+)"
    r"|(?P<what>Ctrl-C |seen )?in the other terminal"
)
# What differs from one time to the next.
_DIFFERS = re.compile(r"…|(?:run|usr)_[0-9A-Z]{26}|\d+\.\d+")
_AS = {"…": ".*", "r": "run_[0-9A-Z]{26}", "u": "usr_[0-9A-Z]{26}"}


@dataclass(frozen=True, slots=True)
class Command:
    text: str
    shown: str = ""
    """What the page says that is printed."""
    code: int = 0
    elsewhere: bool = False
    """In the other terminal, where it goes on."""


@dataclass(frozen=True, slots=True)
class Edit:
    file: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Ctrl-C in the other terminal."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the other terminal has printed since it was looked at last."""

    shown: str


Doing = Command | Edit | Stop | Seen


def read(page: str) -> list[Doing]:
    """
    Raises:
        ValueError: a block that is none of these.
    """
    return list(_read(_BLOCK.findall(page)))


def _read(blocks: list[tuple[str, str, str]]) -> Iterator[Doing]:
    code, elsewhere = 0, False
    while blocks:
        language, text, comment = blocks.pop(0)
        mark = _MARK.fullmatch(comment)
        if mark and mark["edit"]:
            before, after = blocks.pop(0), blocks.pop(0)
            if (before[0], after[0]) != ("python", "python"):
                raise ValueError(f"Behind {comment!r} belong two blocks of python.")
            yield Edit(mark["edit"], before[1], after[1])
        elif mark and mark["what"] == "Ctrl-C ":
            yield Stop()
        elif mark and mark["what"]:
            seen = blocks.pop(0)
            if seen[0] != "text":
                raise ValueError(f"Behind {comment!r} belongs a block of text.")
            yield Seen(seen[1])
        elif mark and mark["code"]:
            code = int(mark["code"])
        elif mark:
            elsewhere = True
        elif language == "sh":
            shown = blocks.pop(0)[1] if blocks and blocks[0][0] == "text" else ""
            yield Command(text, shown, code, elsewhere)
            code, elsewhere = 0, False
        else:
            raise ValueError(f"The tutorial's reader does not know {language or comment!r}.")


def is_shown(shown: str, printed: str) -> bool:
    """Whether the lines that a page shows were printed, one behind the other. ``…`` stands for the
    rest of a line or, alone, for lines; ids and numbers with a point may be any; spaces and empty
    lines do not count."""
    lines = "".join(
        r"(?:.*\n)*?" if line == "…" else f"{_pattern(line)}\n" for line in _lines(shown)
    )
    text = "".join(f"{line}\n" for line in _lines(printed))
    return re.search(rf"^{lines}", text, re.MULTILINE) is not None


def _lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def _pattern(line: str) -> str:
    parts, end = [], 0
    for found in _DIFFERS.finditer(line):
        parts += [re.escape(line[end : found.start()]), _AS.get(found[0][0], r"\d+\.\d+")]
        end = found.end()
    return "".join([*parts, re.escape(line[end:])])
