"""What the layers send one another. Small: a message holds ids, and never an entity."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict

from app.engine import OutgoingMessage
from app.workflows import keys
from app.workflows.keys import Layer


class RunOnly(BaseModel):
    """What every message holds, whichever its layer."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    run: str


class LayerMessage(BaseModel):
    """A frozen body and the layer that it goes to."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    layer: ClassVar[Layer]
    # Few process and page messages feed many items, so they go first.
    priority: ClassVar[int] = 0

    run: str

    def id(self) -> str:
        raise NotImplementedError

    def outgoing(self, family: str) -> OutgoingMessage:
        return OutgoingMessage(
            id=self.id(),
            flow_key=keys.flow_key(family, self.layer),
            payload=self.model_dump_json(exclude_none=True).encode(),
            priority=self.priority,
        )

    @classmethod
    def read(cls, payload: bytes) -> Self:
        return cls.model_validate_json(payload)


class ProcessMessage(LayerMessage):
    """Layer 1: count, and begin the run."""

    layer = Layer.PROCESS
    priority = 20

    def id(self) -> str:
        return keys.process_message(self.run)


class PaginateMessage(LayerMessage):
    """Layer 2: read the pages that are due; or, with ``items``, fan out one chunk of the page after
    ``cursor``."""

    layer = Layer.PAGINATE
    priority = 10

    cursor: str | None = None
    items: tuple[str, ...] | None = None
    index: int | None = None

    def id(self) -> str:
        if self.items is None:
            return keys.page_message(self.run)
        return keys.chunk_message(self.run, self.cursor, self.index or 0)


class ExecuteMessage(LayerMessage):
    """Layer 3: do the work for one item."""

    layer = Layer.EXECUTE

    item: str
    seen: bool | None = None
    """An earlier message of this item may have left something behind: look before you begin."""

    def id(self) -> str:
        return keys.item_message(self.run, self.item)
