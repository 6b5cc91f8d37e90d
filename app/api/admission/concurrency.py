"""A bound on calls at once: of each token, and in all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from app.errors import TooManyTries


class ConcurrencyLimit:
    """Of this process. Who finds no place waits in line for one, and not for long.

    A token waits for its own places first, and only then for one of all: it stands in the common
    line with no more calls than it may have at once, so that others come between.
    """

    def __init__(self, what: str, *, each: int, total: int | None, patience: float) -> None:
        """
        Args:
            what: is counted, in the plural, such as ``streams``.
            each: of one token.
            total: None: no bound but that of each token.
            patience: seconds in line.
        """
        self._what = what
        self._each = each
        self._total = total
        self._patience = patience
        self._of_all = None if total is None else asyncio.Semaphore(total)
        self._of_token: dict[str, asyncio.Semaphore] = {}

    @asynccontextmanager
    async def place(self, token: str) -> AsyncIterator[AsyncExitStack]:
        """Hold one for the length of the ``async with``, or until what it gives is closed.

        Raises:
            TooManyTries: none became free in time.
        """
        own = self._of_token.setdefault(token, asyncio.Semaphore(self._each))
        async with AsyncExitStack() as held:
            sentence = (
                f"The token {token} has {self._each} {self._what} under way, the most at once."
            )
            try:
                async with asyncio.timeout(self._patience):
                    await held.enter_async_context(own)
                    if self._of_all is not None:
                        sentence = (
                            f"There are {self._total} {self._what} under way, the most at once."
                        )
                        await held.enter_async_context(self._of_all)
            except TimeoutError:
                raise TooManyTries(f"{sentence} Try again when one of them has ended.") from None
            yield held
