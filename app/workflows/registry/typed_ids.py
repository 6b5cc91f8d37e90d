"""Ids as a family's own methods are given them, where these are not text."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.errors import BadInput

Async = Callable[..., Awaitable[Any]]  # of the family's own types
NAMES: dict[type, str] = {int: "a whole number", UUID: "a UUID in small letters"}


@dataclass(frozen=True, slots=True)
class TypedIds:
    """``kind``: ``int`` or ``UUID``. One id has one text, so that no item is there twice: ``7`` and
    not ``007``."""

    kind: Callable[[str], object]

    def read(self, item_id: str) -> object | None:
        """The id of this type; None: the text is none, so that no item has it."""
        try:
            value = self.kind(item_id)
        except ValueError:
            return None
        return value if str(value) == item_id else None

    def check(self, item_ids: Sequence[str]) -> None:
        """
        Raises:
            BadInput: one of them is none; names it.
        """
        for item_id in item_ids:
            if self.read(item_id) is None:
                what = NAMES.get(self.kind, "an id")  # type: ignore[call-overload]  # a class
                raise BadInput(f"The id {item_id[:60]!r} is not {what}.")

    def of_one(self, method: Async) -> Async:
        """``load`` and ``stored``: what cannot be there is not."""

        async def called(item_id: str, *rest: object) -> object:
            value = self.read(item_id)
            return None if value is None else await method(value, *rest)

        return called

    def of_many(self, method: Async) -> Async:
        """``existing``."""

        async def called(item_ids: Sequence[str], *rest: object) -> Collection[object]:
            values = [value for one in item_ids if (value := self.read(one)) is not None]
            found: Collection[object] = await method(values, *rest)
            return found

        return called
