"""The service that paints: one image for one prompt.

``app.services.images.endpoint`` has a painter that asks a model, ``app.services.images.local`` one
that needs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from app.services.llm.texts import Spent, nobody_asks

DEFAULT_SIDE = 512
MIN_SIDE = 64
MAX_SIDE = 2_048

SUFFIXES = {"image/png": ".png", "image/jpeg": ".jpg", "image/webp": ".webp"}


@dataclass(frozen=True, slots=True)
class Painted:
    """An image as it belongs in a file. Width and height are its own, in pixels."""

    data: bytes
    media_type: str
    width: int
    height: int

    @property
    def suffix(self) -> str:
        """The suffix of the file's name, such as ``.png``."""
        return SUFFIXES[self.media_type]


class Painter(Protocol):
    """Paints one image at a time."""

    @property
    def name(self) -> str:
        """Who painted: stored beside an image, so that images can be told apart and redone."""
        ...

    async def paint(
        self,
        prompt: str,
        *,
        width: int = DEFAULT_SIDE,
        height: int = DEFAULT_SIDE,
        spent: Spent = nobody_asks,
    ) -> Painted:
        """An image that is complete and can be opened.

        It may be larger than was asked for: some models paint in few sizes. Raises ValueError for a
        side that is not of 64 to 2,048 pixels, and ``app.services.errors.LlmError`` where a model
        is asked.
        """
        ...

    async def aclose(self) -> None:
        """Closes the connections that the painter holds."""
        ...


def check_size(width: int, height: int) -> None:
    """Raises ValueError unless every painter can paint it."""
    if not (MIN_SIDE <= width <= MAX_SIDE and MIN_SIDE <= height <= MAX_SIDE):
        raise ValueError(
            f"Ask for an image whose sides are of {MIN_SIDE} to {MAX_SIDE:,} pixels,"
            f" not {width} x {height}."
        )
