"""The gate: every start of work passes here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Protocol

from app.config.priorities import ORDINARY


class GateClosed(Exception):
    """The worker stops: an item that waited here has not begun, and goes back to the queue.

    ``again``: the delay after which it comes again.
    """

    again = timedelta(0)


class FlowHeld(GateClosed):
    """The flow key is held: the item goes back to the queue, where it stays until the hold ends."""

    def __init__(self, flow_key: str, again: timedelta = timedelta(0)) -> None:
        super().__init__(flow_key)
        self.again = again


class PartitionBusy(GateClosed):
    """The partition is full for now: the item goes back to the queue, and comes again later."""

    def __init__(self, partition: str, again: timedelta) -> None:
        super().__init__(partition)
        self.again = again


class PermitAhead(Protocol):
    """A permit that was asked for before its item begins. The item enters it with ``async with``,
    at once if it is ``granted``, else when its turn comes."""

    @property
    def granted(self) -> bool: ...

    def forgo(self) -> None:
        """Give the permit up, because its item will not enter it. No effect if it has entered."""

    async def __aenter__(self) -> None:
        """
        Raises:
            GateClosed: as ``Gate.permit``.
        """

    async def __aexit__(self, *_: object) -> None: ...


class Gate(Protocol):
    def permit(
        self, flow_key: str, partition: str | None = None, priority: int = ORDINARY
    ) -> AbstractAsyncContextManager[None]:
        """Wait for a slot and a start of the key, and hold the slot for the length of the
        ``async with``.

        Args:
            partition: the limits of this partition are waited for as well, if there are any.
            priority: a higher one goes first.

        Raises:
            GateClosed: the gate was closed before the turn came.
            PartitionBusy: the partition will not have room soon.
            FlowHeld: the key is held, or came to be held before the turn came.
        """

    def require_free(self, flow_key: str) -> None:
        """
        Raises:
            FlowHeld: nothing starts under the key at present.
        """

    def limits(self, flow_key: str) -> bool:
        """Whether the key has a limit, or is paused, at present: then a start must ask."""

    def once_a_delivery(self, flow_key: str) -> bool:
        """Whether each delivery counts as one start, outside of this process: then a delivery may
        begin only one item or page."""

    def at_once(
        self, flow_key: str, priority: int = ORDINARY
    ) -> AbstractAsyncContextManager[None] | None:
        """A permit that need not wait, to be entered before anything is awaited; None: ``permit``
        must be awaited.

        Raises:
            GateClosed: the gate is closed, or the key is held.
        """

    async def ahead(
        self, flow_key: str, partitions: Sequence[str | None], priority: int = ORDINARY
    ) -> Sequence[PermitAhead]:
        """Ask for permits of several items at once, one for each entry of ``partitions``, which
        takes one short wait. Empty: partitions have no limits, and each item asks by itself.

        Raises:
            GateClosed: the gate is closed, or the key is held.
        """

    def call(self, flow_key: str) -> AbstractAsyncContextManager[None]:
        """Like ``permit``, for a call that an item makes and that is no delivery of its own."""

    def share(
        self, name: str, parallelism: Callable[[], int | None]
    ) -> AbstractAsyncContextManager[None]:
        """Like ``permit``, for a limit on parallelism that is not a flow key's, such as a run's
        ramp.

        Args:
            name: the name under which all workers count it together.
            parallelism: returns the limit at the time of the call; None: there is none any more.
        """

    def close(self) -> None:
        """Give no more permits. Those that are held stay."""

    async def run(self) -> None:
        """Renew the leases of what is held, until cancelled. Must run while permits are held."""
