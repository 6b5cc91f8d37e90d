"""Who holds the limits of flow keys, and what of them is in use: the gate in Redis, or QStash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from app.flow.limits import FlowControl


@dataclass(frozen=True, slots=True)
class HeldLimits:
    """What QStash holds a key to at present: of what was published before a change, until that is
    through."""

    control: FlowControl
    pinned: bool
    paused: bool


@dataclass(frozen=True, slots=True)
class Observed:
    """
    Args:
        waiting: for their turn: in a worker, or at QStash and in nobody's hands.
        started: in the last period.
        held: None: the limits that are in force here are those that hold.
    """

    active: int
    waiting: int
    started: int
    held: HeldLimits | None = None


class FlowUsage(Protocol):
    async def observe(self, key: str, control: FlowControl) -> Observed | None:
        """The use of a key at present; None: the place where it is counted does not answer."""

    async def observe_all(self, of: Mapping[str, FlowControl]) -> Mapping[str, Observed] | None:
        """The use of each key, in one call. None: the place where it is counted does not answer."""

    def check(self, control: FlowControl) -> None:
        """
        Raises:
            BadInput: it cannot be held.
        """

    async def tell_changed(self, key: str) -> None:
        """The override of this key was changed, and that has committed.

        Raises:
            Unavailable: it has not taken the change, and takes it later.
        """

    async def reconcile(self) -> int:
        """See to it that every override is in force, whatever was lost of what was told. Returns
        how many keys were otherwise.

        Raises:
            Unavailable: it does not answer.
        """
