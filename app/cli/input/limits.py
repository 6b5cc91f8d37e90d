"""Limits as one types them: a whole number, or ``none``."""

from __future__ import annotations

import re

from app.errors import BadInput


def parse_limit(option: str, text: str) -> int | None:
    """
    Raises:
        BadInput: neither a whole number above 0 nor ``none``; names ``option``.
    """
    if text.strip().lower() == "none":
        return None
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) == 0:
        raise BadInput(
            f"{option}: it must be a whole number of 1 or more, or none, not {text[:60]!r}."
        )
    return int(text)
