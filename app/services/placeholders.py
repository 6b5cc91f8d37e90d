"""Welcome placeholders: the short openings that an empty chat box suggests to one person.

For example "Plan a weekend in Lisbon with vegetarian food". Who writes them is a ``TextWriter``:
``app.services.llm`` has one that asks a language model, ``app.services.local_writer`` one that
needs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

DEFAULT_COUNT = 4
MAX_COUNT = 8
MAX_CHARS = 80


Spent = Callable[[int], None]
"""Told of the tokens that a text cost, also where it cannot be used."""


def nobody_asks(tokens: int) -> None:
    """The ``Spent`` of a caller who does not count."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the lines are for. ``locale`` is a tag such as ``pt-BR``; interests are as typed."""

    name: str
    locale: str
    interests: tuple[str, ...] = ()


class TextWriter(Protocol):
    """Writes for one person at a time."""

    @property
    def name(self) -> str:
        """Who wrote: stored beside the lines, so that they can be told apart and redone."""
        ...

    async def placeholders(
        self, person: Person, count: int = DEFAULT_COUNT, *, spent: Spent = nobody_asks
    ) -> list[str]:
        """``count`` (1 to 8) different lines of at most 80 characters, in the person's language.

        Raises ValueError for another ``count``, and ``app.services.errors.LlmError`` where a
        language model is asked.
        """
        ...

    async def aclose(self) -> None:
        """Closes the connections that the writer holds."""
        ...


def check_count(count: int) -> None:
    """Raises ValueError unless ``count`` is one that every writer can keep."""
    if not 1 <= count <= MAX_COUNT:
        raise ValueError(f"Ask for 1 to {MAX_COUNT} placeholders, not {count}.")


def one_line(text: str) -> str:
    """``text`` without line breaks, control characters or doubled spaces."""
    visible = "".join(" " if _breaks_a_line(char) else char for char in text)
    return " ".join(visible.split())


def _breaks_a_line(char: str) -> bool:
    # Unprintable and not a joiner: the joiners (zero width) hold emoji and some scripts together.
    return not char.isprintable() and char not in "\u200c\u200d"
