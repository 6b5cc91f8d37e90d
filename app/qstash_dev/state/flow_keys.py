"""Every flow-control key that a message or an operator has named."""

from __future__ import annotations

from app.qstash_dev.clock import Clock
from app.qstash_dev.refusal import QStashRefusal
from app.qstash_dev.state.flow_key import FlowKey
from app.qstash_dev.wire.flow_limits import MOST, DeliveryRate, check_name, check_period

MOST_KEYS = 10_000


class FlowKeys:
    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._keys: dict[str, FlowKey] = {}
        self.unlimited = FlowKey(None, clock)
        """Of messages without a key."""

    def all(self) -> list[FlowKey]:
        return sorted(self._keys.values(), key=lambda key: key.name or "")

    def find(self, name: str) -> FlowKey:
        """
        Raises:
            QStashRefusal: there is none of this name.
        """
        key = self._keys.get(name)
        if key is None:
            raise QStashRefusal(f"There is no flow-control key {name!r}.", 404)
        return key

    def of(self, name: str | None) -> FlowKey:
        """It is made where there is none."""
        if name is None:
            return self.unlimited
        key = self._keys.get(name)
        if key is None:
            if len(self._keys) >= MOST_KEYS:
                self._keys = {n: key for n, key in self._keys.items() if not key.idle}
            key = self._keys[name] = FlowKey(name, self._clock)
        return key

    def pin(
        self, name: str, *, parallelism: int | None, rate: int | None, period: int | None
    ) -> FlowKey:
        """
        Args:
            period: seconds, of the rate.

        Raises:
            QStashRefusal: there is nothing to pin, or a limit is none.
        """
        check_name(name, "flow-control key")
        if parallelism is None and rate is None:
            raise QStashRefusal("Name a parallelism or a rate to pin.")
        if period is not None and rate is None:
            raise QStashRefusal("A period is pinned with its rate.")
        for limit in (parallelism, rate):
            if limit is not None and not 1 <= limit <= MOST:
                raise QStashRefusal("A parallelism or a rate to pin is a number from 1 on.")
        check_period(1 if period is None else period)
        key = self.of(name)
        key.pin(
            parallelism,
            None if rate is None else DeliveryRate(rate, 1 if period is None else period),
        )
        return key
