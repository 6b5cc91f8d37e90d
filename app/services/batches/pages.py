"""A provider's list, page by page, in which something is looked for."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from app.services.batches.remote_batch import Listed, ListPage
from app.services.errors import LlmRefused, LlmUnavailable

MOST = 50
"""Pages: 5,000 batches."""
TOO_LONG = (
    "The provider's list of batches is too long to say whether ours is in it. Give Sluice an"
    " account of its own, or let more requests go into a batch."
)
CLOCKS = timedelta(days=1)
"""By which the provider's clock may be wrong, and its list out of order."""


class ListRefused(LlmRefused):
    """The provider has no such list, or does not show it."""


class ListTooLong(LlmUnavailable):
    """What is looked for is not in it as far as it is read, and there is more."""


async def pages_since(
    since: datetime, ask: Callable[[str | None], Awaitable[ListPage[Listed]]]
) -> AsyncGenerator[Sequence[Listed] | None, None]:
    """What was made since, the newest first; None at last: there is more than is read.

    Args:
        ask: for the page behind the row of this id; None: for the first.

    Raises:
        ListRefused
    """
    oldest = (since - CLOCKS).timestamp()
    after: str | None = None
    for _ in range(MOST):
        try:
            page = await ask(after)
        except LlmRefused as refused:
            raise ListRefused(refused.detail, answered=refused.answered) from None
        yield page.data
        if not page.has_more or not page.data:
            return
        last = page.data[-1]
        if 0 < last.created_at < oldest:  # 0: it was not said
            return
        after = last.id
    yield None


async def all_of(
    pages: AsyncIterable[Sequence[Listed] | None], wanted: Callable[[Listed], bool]
) -> list[Listed]:
    """Those of them that are wanted.

    Raises:
        ListRefused
        ListTooLong: there is none as far as was read.
    """
    found: list[Listed] = []
    async for page in pages:
        if page is None and not found:
            raise ListTooLong(TOO_LONG)
        found += filter(wanted, page or ())
    return found
