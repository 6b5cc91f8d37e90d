"""Which of the names that there are was meant by one that there is not."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

NEAR = 0.7
"""As ``difflib`` counts it: of four letters three are the same. So ``nota`` is near to ``note``,
and ``foo`` not to ``follows``."""
LONGEST_NAME = 100
"""Characters of a name that are looked at."""


def nearest(name: str, known: Iterable[str], *, most: int = 1, nearness: float = NEAR) -> list[str]:
    """Those of ``known`` that ``name`` may be a misspelling of, in either case, the nearest
    first."""
    by_lower = {one.lower(): one for one in known}
    near = get_close_matches(name[:LONGEST_NAME].lower(), by_lower, n=most, cutoff=nearness)
    return [by_lower[one] for one in near]
