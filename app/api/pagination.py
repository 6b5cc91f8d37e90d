"""Lists that are answered page by page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from app.workflows.signatures import Signer

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PageOf(Generic[T]):
    rows: Sequence[T]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Paging:
    """Where a page begins and how many rows it has; ``scope`` is the list that the cursor is of."""

    cursors: Signer
    scope: str
    limit: int
    cursor: str | None

    @property
    def after(self) -> str | None:
        """The key of the row behind which the page begins; None: at the start.

        Raises:
            BadInput: the cursor was not issued for this list.
        """
        return None if self.cursor is None else self.cursors.accept(self.scope, self.cursor)

    @property
    def wanted(self) -> int:
        """How many rows to ask for: one more tells that there is another page."""
        return self.limit + 1

    def page_of(self, rows: Sequence[T], key: Callable[[T], object]) -> PageOf[T]:
        """``key``: of a row, behind which the next page begins."""
        shown = rows[: self.limit]
        more = len(rows) > self.limit
        next_cursor = self.cursors.issue(self.scope, str(key(shown[-1]))) if more else None
        return PageOf(shown, next_cursor)
