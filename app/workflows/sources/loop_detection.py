"""Whether the pages of a family's own ``page`` come to an end: told from a few bytes that travel
with the cursor, because each page may be read by another worker."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import Self

from app.workflows.contract.parts.page import Page
from app.workflows.sources.errors import SourceBroken

SURE = 3
"""Repetitions of a page with several ids, after which its source cannot go by the cursor."""

_FORM = re.compile(r"~(\w*)\.(\d+)\.(\d+)\.(\w*)\.(\d+)~(.*)", re.DOTALL | re.ASCII)


@dataclass(frozen=True, slots=True)
class Course:
    """Where a run's pages stand, by Brent's way to find a cycle (BIT 20, 1980): one cursor is
    kept, a later one after 1, 2, 4, 8, … pages, and each new one is compared with it. A circle of n
    pages, entered after m others, is found within some 3 (m + n).

    Args:
        cursor: the family's own; None: at the start.
        kept: digest of the cursor that is compared with.
        steps, span: pages since then, of how many.
        ids: digest of the ids of the page that ended here.
        same: how many pages before it, in a row, had just these ids, or none like it.
    """

    cursor: str | None = None
    kept: str = ""
    steps: int = 0
    span: int = 1
    ids: str = ""
    same: int = 0

    @classmethod
    def read(cls, position: str | None) -> Self:
        """From a run's cursor. One that is the family's alone, from before, begins a course."""
        found = None if position is None else _FORM.fullmatch(position)
        if found is None:
            return cls(position)
        kept, steps, span, ids, same, cursor = found.groups()
        return cls(cursor, kept, int(steps), int(span), ids, int(same))

    def position(self) -> str | None:
        if self.cursor is None:
            return None
        return f"~{self.kept}.{self.steps}.{self.span}.{self.ids}.{self.same}~{self.cursor}"

    def behind(self, page: Page, *, most_same: int) -> Self:
        """Behind a page that was read here.

        Args:
            most_same: pages without an id, or with the same one, that may come in a row.

        Raises:
            SourceBroken: the pages would never end.
        """
        following = page.next_cursor
        if following is None or (following == self.cursor and not page.ids):
            return type(self)()  # an empty page that leads to itself is the end of many APIs
        mark, ids = _digest(following), _digest("\0".join(page.ids))
        if mark == self.kept or following == self.cursor:
            raise SourceBroken(
                f"The pages go in a circle: page() answers the cursor {following[:80]!r}, which it"
                " has answered before."
            )
        same = self.same + 1 if ids == self.ids else 0
        if same >= SURE and len(set(page.ids)) > 1:
            raise SourceBroken(
                f"page() answered the same {len(page.ids)} ids {same + 1} times in a row: what it"
                " reads from does not go by the cursor."
            )
        if same >= most_same:
            what = "just one id, the same" if page.ids else "no id"
            raise SourceBroken(
                f"{same + 1:,} pages in a row hold {what}, and each names another one. If that is"
                " how it must be, raise the family's `most_empty_pages`."
            )
        after = replace(self, cursor=following, steps=self.steps + 1, ids=ids, same=same)
        if not self.kept or after.steps == self.span:
            after = replace(after, kept=mark, steps=0, span=self.span * 2 if self.kept else 1)
        return after


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
