"""A few ids of a stream, each as likely to be among them as any other."""

from __future__ import annotations

import random
from collections.abc import Sequence


class Reservoir:
    """A uniform sample of a stream whose length nobody knows, in bounded memory (algorithm R:
    Vitter, "Random sampling with a reservoir", 1985)."""

    def __init__(self, size: int, chance: random.Random) -> None:
        self.size = size
        self._chance = chance
        self._seen = 0
        self._kept: list[str] = []

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(sorted(self._kept))

    def add(self, ids: Sequence[str]) -> None:
        if not self.size:
            return
        for item_id in ids:
            self._seen += 1
            if len(self._kept) < self.size:
                self._kept.append(item_id)
            elif (place := self._chance.randrange(self._seen)) < self.size:
                self._kept[place] = item_id
