"""How long an item waits in hand for its partition, before it waits in the queue."""

from __future__ import annotations

import math
import random
from datetime import timedelta

from app.flow.gate import PartitionBusy

PATIENCE = 0.3
"""Seconds."""
BACK = timedelta(seconds=0.5)
"""After about so long an item comes again whose partition's slots are all in use."""
LONGEST = timedelta(minutes=1)
"""After so long at the most it comes again whenever its turn is: an operator may have given the
partition a faster rate meanwhile."""


def sent_back(partition: str, waited: float, left: float) -> PartitionBusy | None:
    """What cannot begin soon keeps no place of what can. None: it may go on waiting.

    Args:
        waited: seconds until now.
        left: until its turn comes; infinite: nobody knows.
    """
    if waited < PATIENCE and not PATIENCE < left < math.inf:
        return None
    chance = 0.5 + random.random()  # noqa: S311 - what was sent away together comes back apart
    if math.isinf(left):
        return PartitionBusy(partition, BACK * chance)
    longest = LONGEST * (chance + 0.5) / 2
    return PartitionBusy(partition, min(timedelta(seconds=left), longest))
