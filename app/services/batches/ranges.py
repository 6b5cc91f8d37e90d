"""Asking for a file from some byte on, of those who may answer with all of it instead."""

from __future__ import annotations

import re

import httpx2

REFUSALS = frozenset({400, 416})
"""That may be meant for the range alone: without one the same file is asked for once more."""
_RANGE = re.compile(r"\s*bytes\s+(\d{1,18})-(\d{1,18})/(\d{1,18})\s*", re.IGNORECASE)


def range_behind(offset: int) -> dict[str, str]:
    """The header. From the byte before on: a range that begins at a file's end is refused."""
    return {"Range": f"bytes={offset - 1}-"}


def first_byte(answer: httpx2.Response) -> int | None:
    """Of the file, in the answer; None: a part that is not said to reach the file's end, as it need
    not."""
    if answer.status_code != 206:
        return 0
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        return None  # bytes of what is packed
    found = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
    if found is None or int(found[2]) + 1 != int(found[3]):
        return None
    return int(found[1])
