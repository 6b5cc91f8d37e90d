"""Which items of a run are traced, where it has more than are to be: whoever asks finds the same,
on whichever worker and at whichever attempt."""

from __future__ import annotations

import hashlib
from typing import Protocol

_ALL = 2**64


class RunRow(Protocol):
    """What is asked of a run's row."""

    id: str
    family: str
    traceparent: str | None
    to_process: int | None
    scheduled: int


def items_of(run: RunRow) -> int:
    """How many it has, as far as is known."""
    return max(run.to_process or 0, run.scheduled)


def is_chosen(run_id: str, name: str, *, limit: int, of: int) -> bool:
    """Whether ``name`` is one of about ``limit`` among so many, by a hash of it and the run."""
    if of <= limit:
        return limit > 0
    digest = hashlib.blake2b(name.encode(), key=run_id.encode()[:64], digest_size=8).digest()
    return int.from_bytes(digest, "big") * of < limit * _ALL


def trace_id_of(traceparent: str) -> str:
    """32 hexadecimal digits, of the header that W3C Trace Context describes."""
    return traceparent.split("-")[1]
