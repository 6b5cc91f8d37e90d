"""The work of one item: a row of its own, by its own statement and so its own commit."""

from __future__ import annotations

import os

DATABASE = os.environ.get("PEERS_DATABASE", "")
REDIS = os.environ.get("PEERS_REDIS", "")
WORKER = int(os.environ.get("PEERS_WORKER", "0"))
"""Which worker this process is, or is a part of."""


def item_ids(first: int, count: int) -> list[str]:
    """As ``bench.peers.sluice`` has them in its table."""
    return [f"usr_{number:012}" for number in range(first, first + count)]
