"""What ends a delivery whose item another one has."""

from __future__ import annotations


class Superseded(Exception):
    """Somebody else has taken the item over: what this worker finds out does not count."""
