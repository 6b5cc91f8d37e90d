"""Which messages a worker takes: pages and items side by side, so that items that take long keep no
page, and with it every other family, from being read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial

from app.config.priorities import HIGHEST, LOWEST
from app.engine import Ask, Delivery, Handler
from app.flow.overrides import EffectiveLimits
from app.workflows.keys import parse_flow_key
from app.workflows.messages import RANKS
from app.workflows.places.asks import asks
from app.workflows.places.hands import Hands
from app.workflows.places.item_places import PREFETCH, ItemPlaces
from app.workflows.registry.bound_family import BoundFamily

PAGES_AT_ONCE = 40
"""Process and paginate messages in one worker's hands."""
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
        self._in_hand = Hands()
        self._by_key: defaultdict[str, Hands] = defaultdict(Hands)

    def places(self) -> int:
        free = self._free(LOWEST)
        # Beyond them one by one: what is in hand of lower priorities takes no place of higher ones.
        return free if free > 0 else min(1, self._free(HIGHEST))

    def room(self, flow_key: str) -> int:
        return 0 if self._stays(flow_key) else min(self._room(flow_key, LOWEST), self._free(LOWEST))

    def asks(self, flow_key: str, dry: int) -> Sequence[Ask]:
        if self._stays(flow_key):
            return ()
        return asks(
            lambda priority: min(self._room(flow_key, priority), self._free(priority)),
            self._by_key[flow_key],
            self._in_hand,
            dry,
            keep=1,
            rank=RANKS[parse_flow_key(flow_key)[1]],
        )

    def _free(self, priority: int) -> int:
        return PAGES_AT_ONCE - self._in_hand.above(priority)

    def _room(self, flow_key: str, priority: int) -> int:
        most = parallelism(self._controls, flow_key)
        if most is None:
            return PAGES_AT_ONCE
        return most + PREFETCH - self._by_key[flow_key].above(priority)

    async def _held(self, handler: Handler, delivery: Delivery) -> timedelta | None:
        hands = self._by_key[delivery.flow_key]
        hands.add(delivery.priority, 1)
        self._in_hand.add(delivery.priority, 1)
        try:
            return await handler(delivery)
        finally:
            hands.add(delivery.priority, -1)
            self._in_hand.add(delivery.priority, -1)


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
        return MESSAGES_AT_ONCE if self._places.free_for(HIGHEST) > 0 else 0

    def room(self, flow_key: str) -> int:
        if self._stays(flow_key):
            return 0
        bound = self._bound(flow_key)
        return 0 if self._threadless(bound) else self._room(flow_key, bound.chunk_size, LOWEST)

    def asks(self, flow_key: str, dry: int) -> Sequence[Ask]:
        if self._stays(flow_key):
            return ()
        bound, of_key = self._bound(flow_key), self._places.of(flow_key)
        threadless = self._threadless(bound)

        def room(priority: int) -> int:
            # What is in hand of a lower priority has not asked for its threads yet, or waits.
            if threadless and (priority == LOWEST or of_key.above(priority) >= PREFETCH):
                return 0
            return self._room(flow_key, bound.chunk_size, priority)

        keep = 0 if threadless else PREFETCH // 2
        return asks(room, of_key, self._places.hands, dry, keep=keep, size=bound.chunk_size)

    def _bound(self, flow_key: str) -> BoundFamily:
        bound = self._families[parse_flow_key(flow_key)[0]]
        bound.threads.gated = not self._controls.of(flow_key).open
        return bound

    def _threadless(self, bound: BoundFamily) -> bool:
        return bound.threads.room(all_need=bound.plain) == 0

    def _room(self, flow_key: str, size: int, priority: int) -> int:
        limit = parallelism(self._controls, flow_key)
        return self._places.room(flow_key, size, priority, limit)


def parallelism(controls: EffectiveLimits, flow_key: str) -> int | None:
    """How many may be at work at once; None: no limit."""
    live = controls.of(flow_key)
    return 0 if live.paused else live.control.parallelism
