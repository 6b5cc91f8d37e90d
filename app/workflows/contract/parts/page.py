"""A page of ids, of a source that is not SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """What ``JobFamily.page`` answers: ids, and the cursor of the next page or None at the end."""

    ids: Sequence[str]
    next_cursor: str | None
