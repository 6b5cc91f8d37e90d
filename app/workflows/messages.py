"""What the layers send one another. Small: a message holds ids, and never an entity."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING, ClassVar, Self

from pydantic import BaseModel, ConfigDict

from app.chunks import chunked
from app.engine import OutgoingMessage
from app.workflows import keys
from app.workflows.keys import Layer

if TYPE_CHECKING:
    from app.store.steps.suspension import WokenItem

NOW = timedelta(0)
# Few process and page messages feed many items, so they go first.
RANKS = MappingProxyType({Layer.PROCESS: 2, Layer.PAGINATE: 1, Layer.EXECUTE: 0})


class RunOnly(BaseModel):
    """What every message holds, whichever its layer."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    run: str


class LayerMessage(BaseModel):
    """A frozen body and the layer that it goes to."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    layer: ClassVar[Layer]

    run: str

    def id(self) -> str:
        raise NotImplementedError

    def outgoing(self, family: str, priority: int, delay: timedelta = NOW) -> OutgoingMessage:
        """
        Args:
            priority: of its run.
        """
        return OutgoingMessage(
            id=self.id(),
            flow_key=keys.flow_key(family, self.layer),
            payload=self.model_dump_json(exclude_none=True).encode(),
            priority=priority,
            delay=delay,
            rank=RANKS[self.layer],
        )

    @classmethod
    def read(cls, payload: bytes) -> Self:
        return cls.model_validate_json(payload)


class ProcessMessage(LayerMessage):
    """Layer 1: count, and begin the run."""

    layer = Layer.PROCESS

    def id(self) -> str:
        return keys.process_message(self.run)


class PaginateMessage(LayerMessage):
    """Layer 2: read the pages that are due."""

    layer = Layer.PAGINATE

    def id(self) -> str:
        return keys.page_message(self.run)


class ExecuteMessage(LayerMessage):
    """Layer 3: do the work for each of these items. One that was put off, or goes on after a wait,
    travels alone."""

    layer = Layer.EXECUTE

    items: tuple[str, ...]

    def id(self) -> str:
        if len(self.items) == 1:
            return keys.item_message(self.run, self.items[0])
        return keys.chunk_message(self.run, self.items)

    def outgoing(self, family: str, priority: int, delay: timedelta = NOW) -> OutgoingMessage:
        message = super().outgoing(family, priority, delay)
        message.size = len(self.items)
        return message


def executions(
    family: str, run_id: str, item_ids: Sequence[str], size: int, priority: int
) -> list[OutgoingMessage]:
    """Messages for all of these, each for at most ``size``."""
    return [
        ExecuteMessage(run=run_id, items=chunk).outgoing(family, priority)
        for chunk in chunked(size, item_ids)
    ]


def of_woken(items: Iterable[WokenItem]) -> list[OutgoingMessage]:
    """Messages for items that go on after a wait."""
    return [
        ExecuteMessage(run=one.run_id, items=(one.item_id,)).outgoing(one.family, one.priority)
        for one in items
    ]
