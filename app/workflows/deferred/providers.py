"""Providers of batches that are not there: the code has none of the name, or it is not set."""

from __future__ import annotations

from collections.abc import Mapping

from app.errors import full_stop
from app.services.batches.endpoint import BatchEndpoint


def why_missing(name: str, known: Mapping[str, BatchEndpoint]) -> str:
    """A clause.

    Args:
        known: by name, whether they are there or not.
    """
    found = known.get(name)
    if found is not None:
        return f"{found.setting} is unset"
    return (
        f"app/services/providers.py provides no BatchEndpoint of that name; it has"
        f" {', '.join(sorted(known)) or 'none'}"
    )


def absence(name: str, known: Mapping[str, BatchEndpoint]) -> str:
    """The same as sentences of the process that looks after batches: others may have it."""
    why = full_stop(why_missing(name, known))
    return f"In the process that looks after batches, {why} Give it to every worker."


def absent(name: str, known: Mapping[str, BatchEndpoint]) -> BatchEndpoint:
    """One that is not there, for the batches that are."""
    return known.get(name) or BatchEndpoint(None, None, name=name)
