"""Which messages a worker takes: pages and items side by side, so that items that take long keep no
page, and with it every other family, from being read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial

from app.engine import Delivery, Handler
from app.flow.overrides import EffectiveLimits
from app.workflows.keys import parse_flow_key
from app.workflows.layers.item_places import ItemPlaces
from app.workflows.registry.bound_family import BoundFamily

PAGES_AT_ONCE = 40
"""Process and paginate messages in one worker's hands."""
PREFETCH = 20
"""A little more than may run now is in hand, so that a freed slot never waits for a message."""
MESSAGES_AT_ONCE = 32
"""Of items, taken together."""


Stays = Callable[[str], bool]
"""Whether messages of a flow key stay in the queue for now, because nothing of it may start."""


class PageLane:
    """Process and paginate messages."""

    def __init__(
        self, handlers: Mapping[str, Handler], controls: EffectiveLimits, stays: Stays
    ) -> None:
        self.handlers = {key: partial(self._held, handler) for key, handler in handlers.items()}
        self._controls = controls
        self._stays = stays
        self._in_hand: Counter[str] = Counter()

    def places(self) -> int:
        return PAGES_AT_ONCE - self._in_hand.total()

    def room(self, flow_key: str) -> int:
        if self._stays(flow_key):
            return 0
        most = parallelism(self._controls, flow_key)
        return PAGES_AT_ONCE if most is None else most + PREFETCH - self._in_hand[flow_key]

    async def _held(self, handler: Handler, delivery: Delivery) -> timedelta | None:
        self._in_hand[delivery.flow_key] += 1
        try:
            return await handler(delivery)
        finally:
            self._in_hand[delivery.flow_key] -= 1


class ItemLane:
    """Execute messages, of which each holds up to ``chunk_size`` items."""

    def __init__(
        self,
        handlers: Mapping[str, Handler],
        controls: EffectiveLimits,
        places: ItemPlaces,
        families: Mapping[str, BoundFamily],
        stays: Stays,
    ) -> None:
        self.handlers = handlers
        self._controls = controls
        self._places = places
        self._families = families
        self._stays = stays

    def places(self) -> int:
        return MESSAGES_AT_ONCE if self._places.free > 0 else 0

    def room(self, flow_key: str) -> int:
        """So much that there is always an item for a freed place, and no more: another worker may
        have a place for it."""
        if self._stays(flow_key):
            return 0
        family, _ = parse_flow_key(flow_key)
        bound = self._families[family]
        live = self._controls.of(flow_key)
        bound.threads.gated = not live.open
        if bound.threads.room(all_need=bound.plain) == 0:
            return 0
        size, held = bound.chunk_size, self._places.of(flow_key)
        most = self._places.limit
        limit = parallelism(self._controls, flow_key)
        if limit is not None:
            most = min(most, limit + PREFETCH)
        free = min(most - held, self._places.free)
        if limit is None and self._places.at_work > self._places.concurrency:
            return 0  # several at a time are taken for less
        return max(free // size, int(free > 0 and 2 * held <= most))


def parallelism(controls: EffectiveLimits, flow_key: str) -> int | None:
    """What may be at work at once; None: no limit."""
    live = controls.of(flow_key)
    return 0 if live.paused else live.control.parallelism
