"""What all texts have in common: what they cost, and which characters they are kept free of."""

from __future__ import annotations

import re
from collections.abc import Callable

Spent = Callable[[int], None]
"""Told of the tokens that a text cost, also where it cannot be used."""


def nobody_asks(tokens: int) -> None:
    """The ``Spent`` of a caller who does not count."""


def one_line(text: str) -> str:
    """``text`` without line breaks, control characters or doubled spaces."""
    visible = "".join(" " if _breaks_a_line(char) else char for char in text)
    return " ".join(visible.split())


def paragraphs(text: str) -> str:
    """``text`` with its lines, each as ``one_line``, and at most one empty line between two."""
    lines = "\n".join(one_line(line) for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip()


def _breaks_a_line(char: str) -> bool:
    # Unprintable and not a joiner: the joiners (zero width) hold emoji and some scripts together.
    return not char.isprintable() and char not in "\u200c\u200d"
