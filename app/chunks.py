"""toolz, behind typed helpers: it ships no types of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar, cast

from toolz import partition_all

T = TypeVar("T")


def chunked(size: int, elements: Iterable[T]) -> Iterator[tuple[T, ...]]:
    """Tuples of ``size`` elements, in order; the last one may be shorter."""
    return cast("Iterator[tuple[T, ...]]", partition_all(size, elements))
