"""The gate where whoever delivers the messages holds the limits of the flow keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager

from app.config.priorities import ORDINARY
from app.flow.gate import GateClosed, PermitAhead
from app.flow.redis_gate import UNLIMITED, RedisGate


class DeliveryGate:
    """See ``app.flow.gate.Gate``. What was delivered may begin, because its turn has come there.
    Limits of a run's own are known here alone, and are counted in Redis."""

    def __init__(self, gate: RedisGate) -> None:
        self._gate = gate
        self._closed = False

    def permit(
        self, flow_key: str, partition: str | None = None, priority: int = ORDINARY
    ) -> AbstractAsyncContextManager[None]:
        if self._closed:
            raise GateClosed(flow_key)
        self.require_free(flow_key)
        return UNLIMITED

    async def ahead(
        self, flow_key: str, partitions: Sequence[str | None], priority: int = ORDINARY
    ) -> Sequence[PermitAhead]:
        return ()

    def call(self, flow_key: str) -> AbstractAsyncContextManager[None]:
        return self._gate.permit(flow_key)

    def require_free(self, flow_key: str) -> None:
        self._gate.holds.require_none(flow_key, again=True)  # it is delivered whether held or not

    def limits(self, flow_key: str) -> bool:
        return self._gate.limits(flow_key)

    def once_a_delivery(self, flow_key: str) -> bool:
        return self.limits(flow_key)

    def at_once(
        self, flow_key: str, priority: int = ORDINARY
    ) -> AbstractAsyncContextManager[None] | None:
        return self.permit(flow_key)

    def share(
        self, name: str, parallelism: Callable[[], int | None]
    ) -> AbstractAsyncContextManager[None]:
        return self._gate.share(name, parallelism)

    def close(self) -> None:
        self._closed = True
        self._gate.close()

    async def run(self) -> None:
        await self._gate.run()
