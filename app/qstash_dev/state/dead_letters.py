"""Messages that are not tried again, until somebody says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.qstash_dev.state.message import QStashMessage

MOST_LETTERS = 10_000
MOST_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class DestinationAnswer:
    """
    Args:
        status: 0 where there was no answer.
        error: what went wrong, where it did.
    """

    status: int
    headers: dict[str, list[str]]
    body: bytes
    error: str | None = None

    @property
    def success(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """
    Args:
        id: the later, the greater, compared as ``order``.
        answer: the destination's last.
        died_at: Unix seconds.
    """

    id: str
    order: int
    message: QStashMessage
    answer: DestinationAnswer
    died_at: float


class DeadLetters:
    """The oldest goes when there are too many."""

    def __init__(self) -> None:
        self._letters: dict[str, DeadLetter] = {}
        self._bytes = 0
        self._number = 0

    def __len__(self) -> int:
        return len(self._letters)

    def add(self, message: QStashMessage, answer: DestinationAnswer, now: float) -> DeadLetter:
        self._number += 1
        letter_id = f"{int(now * 1_000)}-{self._number}"
        letter = DeadLetter(letter_id, self._number, message, answer, now)
        self._letters[letter_id] = letter
        self._bytes += len(message.body) + len(answer.body)
        while len(self._letters) > MOST_LETTERS or self._bytes > MOST_BYTES:
            self.take(next(iter(self._letters)))
        return letter

    def get(self, letter_id: str) -> DeadLetter | None:
        return self._letters.get(letter_id)

    def take(self, letter_id: str) -> DeadLetter | None:
        """Remove it; None: it is not there."""
        letter = self._letters.pop(letter_id, None)
        if letter is not None:
            self._bytes -= len(letter.message.body) + len(letter.answer.body)
        return letter

    def page(
        self,
        matches: Callable[[DeadLetter], bool],
        *,
        behind: int | None,
        count: int,
        newest_first: bool = True,
    ) -> tuple[list[DeadLetter], int | None]:
        """So many, and the cursor of what follows; None: nothing does."""
        found: list[DeadLetter] = []
        letters = self._letters.values()
        for letter in reversed(letters) if newest_first else letters:
            if behind is not None and not (
                letter.order < behind if newest_first else letter.order > behind
            ):
                continue
            if matches(letter):
                if len(found) == count:
                    return found, found[-1].order
                found.append(letter)
        return found, None
