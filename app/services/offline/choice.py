"""Choices that the input alone decides.

The same input gets the same texts, on every machine and in every version of Python, because
templates are put in order by a SHA-256 of what they are for and not by a random generator.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256


def shuffled(texts: Iterable[str], seed: str) -> list[str]:
    """``texts`` in an order that only they and ``seed`` decide."""
    return sorted(
        texts, key=lambda text: sha256(f"{seed}\n{text}".encode(errors="replace")).digest()
    )
