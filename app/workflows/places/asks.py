"""What a worker takes next of one flow key, priority by priority."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.config.priorities import HIGHEST, LOWEST
from app.engine import Ask
from app.workflows.places.hands import Hands


def asks(
    room: Callable[[int], int],
    of_key: Hands,
    of_all: Hands,
    dry: int,
    *,
    keep: int,
    size: int = 1,
    rank: int = 0,
) -> Sequence[Ask]:
    """What is in hand of a lower priority takes no place of what is of a higher one; and while
    something of a higher one is there, a little of the lower ones is kept in hand, so that they are
    there when their share is due.

    Args:
        room: how many more messages of this priority and higher ones there is room for.
        of_key: what is in hand of the flow key.
        of_all: what is in hand of all.
        dry: a bit for each priority of which there is nothing to take.
        keep: so many of lower priorities are kept in hand.
        size: of a message.
        rank: of the flow key.
    """
    found, low = [], LOWEST
    top = of_all.present[-1] if of_all.present else LOWEST
    if top > LOWEST and _left(dry, LOWEST, top - 1):
        lacking = keep - (of_key.total - of_key.above(top))
        if lacking > 0:
            few = max(1, lacking // size)
            found.append(Ask(few, LOWEST, top - 1, bit=True, owed=True, rank=rank))
            low = top
    most = room(LOWEST)
    if most > 0:
        found.append(Ask(most, low, rank=rank))
        return found
    for present in of_all.present:
        above = max(low, present + 1)
        if above > HIGHEST or not _left(dry, above, HIGHEST):
            break
        if room(present + 1) > 0:
            # One by one, for another worker may have a place where it begins at once.
            found.append(Ask(1, above, bit=True, rank=rank))
            break
    return found


def _left(dry: int, low: int, high: int) -> int:
    return ((2 << high) - (1 << low)) & ~dry
