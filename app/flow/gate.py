"""The gate: every start of work passes here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Protocol

from app.config.priorities import ORDINARY


class GateClosed(Exception):
    """The worker stops: what waited here has not begun, and goes back to the queue.

    ``again``: after so long it shall come again.
    """

    again = timedelta(0)


class FlowHeld(GateClosed):
    """The flow key is held: likewise, and nobody takes it from the queue meanwhile."""

    def __init__(self, flow_key: str, again: timedelta = timedelta(0)) -> None:
        super().__init__(flow_key)
        self.again = again


class PartitionBusy(GateClosed):
    """The partition has no room for now: the item goes back to the queue, and comes again then."""

    def __init__(self, partition: str, again: timedelta) -> None:
        super().__init__(partition)
        self.again = again


class PermitAhead(Protocol):
    """A permit that is asked for before its item begins, to be entered there. ``granted``: at once,
    without a wait; else its turn is waited for."""

    @property
    def granted(self) -> bool: ...

    def forgo(self) -> None:
        """It is not going to be entered. Nothing happens where it has been."""

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
        """Wait for the key's turn, and hold its slot for the length of the ``async with``.

        Args:
            partition: waits for its own turn as well, where partitions have limits.
            priority: a higher one goes first.

        Raises:
            GateClosed: the gate was closed before the turn came, or the partition has no room soon.
            FlowHeld: the key is held, or was before the turn came.
        """

    def require_free(self, flow_key: str) -> None:
        """
        Raises:
            FlowHeld: nothing starts under the key at present.
        """

    def limits(self, flow_key: str) -> bool:
        """Whether starts under the key are counted or held back at present."""

    def once_a_delivery(self, flow_key: str) -> bool:
        """Whether starts under the key are counted as deliveries are, elsewhere: then a delivery
        may begin one thing alone."""

    def at_once(
        self, flow_key: str, priority: int = ORDINARY
    ) -> AbstractAsyncContextManager[None] | None:
        """A permit whose turn has come already, to be entered before anything is awaited; None: its
        turn must be waited for.

        Raises:
            GateClosed: the gate is closed, or the key is held.
        """

    async def ahead(
        self, flow_key: str, partitions: Sequence[str | None], priority: int = ORDINARY
    ) -> Sequence[PermitAhead]:
        """Ask for the permits of several items with one wait, a short one: one for each partition.
        Empty: there are no limits of partitions, and each is to be asked for by itself.

        Raises:
            GateClosed: the gate is closed, or the key is held.
        """

    def call(self, flow_key: str) -> AbstractAsyncContextManager[None]:
        """The same as ``permit`` for what an item begins, and nobody delivers."""

    def share(
        self, name: str, parallelism: Callable[[], int | None]
    ) -> AbstractAsyncContextManager[None]:
        """The same for a limit of its own, which is told anew whenever it is looked at.

        Args:
            name: under which all workers count it together.
            parallelism: None: no limit any more.
        """

    def close(self) -> None:
        """Let nobody else in; those inside stay."""

    async def run(self) -> None:
        """Keep what is held alive, until cancelled; must run for as long as permits are held."""
