"""The gate for who waits for an answer: not for ever, and with a sentence where it stays shut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

from app.connections.shared_tasks import shared_task
from app.errors import Conflict, SluiceError, TooManyTries, Unavailable
from app.flow.gate import FlowHeld, GateClosed, PartitionBusy
from app.flow.overrides import EffectiveLimits
from app.flow.redis_gate import RedisGate

PATIENCE = 10.0
"""Seconds in line. Workers give a slot back when one of their items ends."""


class CallerGate:
    """Counts together with every worker's. It talks with Redis from the first permit on."""

    def __init__(
        self, gate: RedisGate, controls: EffectiveLimits, *, patience: float = PATIENCE
    ) -> None:
        self._gate = gate
        self._controls = controls
        self._patience = patience
        self._running: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def permit(
        self, flow_key: str, patience: float | None = None, partition: str | None = None
    ) -> AsyncIterator[None]:
        """Wait for the key's turn, and hold its slot for the length of the ``async with``.

        Args:
            patience: seconds in line; None: as ever.
            partition: waits for its own turn as well, where partitions have limits.

        Raises:
            Conflict: an operator has paused the key, or it is held.
            TooManyTries: its turn did not come in time.
            Unavailable: Redis does not answer, or the service stops.
        """
        # This process may have asked for nothing before, and so have heard of no change.
        await self._controls.refresh()
        live = self._controls.of(flow_key)
        if live.paused or self._controls.holds.of(flow_key) is not None:
            raise self._refusal(flow_key)
        if not live.open and (self._running is None or self._running.done()):
            self._running = shared_task(self._gate.run())
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(self._patience if patience is None else patience):
                    await self._enter(held, flow_key, partition)
            except (TimeoutError, FlowHeld):
                raise self._refusal(flow_key, partition) from None
            except GateClosed:
                raise Unavailable("The service stops. Try again in a few seconds.") from None
            yield

    async def aclose(self) -> None:
        """Let nobody in any more, and give back what was held."""
        self._gate.close()
        if self._running is not None:
            self._running.cancel()
            with suppress(asyncio.CancelledError):
                await self._running

    async def _enter(self, held: AsyncExitStack, flow_key: str, partition: str | None) -> None:
        while True:
            try:
                await held.enter_async_context(self._gate.permit(flow_key, partition))
            except PartitionBusy as busy:
                # An item would wait in the queue; who waits for an answer has none.
                await asyncio.sleep(busy.again.total_seconds())
            else:
                return

    def _refusal(self, flow_key: str, partition: str | None = None) -> SluiceError:
        live = self._controls.of(flow_key)
        if live.paused:
            return Conflict(
                f"The flow key {live.key} is paused, so nothing of it begins. Resume it with:"
                f" sluice flow resume {live.key}"
            )
        hold = self._controls.holds.of(flow_key)
        if hold is not None:
            return Conflict(
                f"{hold.key} is throttled, so nothing of it begins just now: {hold.reason}"
            )
        if self._gate.away:
            return Unavailable(
                "Redis does not answer just now, and without it nobody knows how much of"
                f" {live.key} is under way. Try again in a few seconds."
            )
        allows = str(live.control)
        if partition is not None and live.partition is not None:
            allows += f", and {live.of_partition(partition)} of the partition {partition!r}"
        return TooManyTries(
            f"The flow key {live.key} allows {allows}, and all of that is in use. Try again"
            " when some of it has ended."
        )
