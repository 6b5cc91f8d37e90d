"""What travels through QStash: which message it is. Its payload stays in the outbox's row."""

from __future__ import annotations

import uuid
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict


def _storable(message: str) -> str:
    if "\0" in message:
        raise ValueError("no message has such an id")
    return message


class Letter(BaseModel):
    """The body of a delivery.

    ``publication``: the row's, when this was sent. Where it has another one now, this letter counts
    for nothing.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    message: Annotated[str, AfterValidator(_storable)]
    publication: uuid.UUID

    @classmethod
    def read(cls, body: bytes) -> Self:
        """
        Raises:
            ValueError: it is none.
        """
        return cls.model_validate_json(body)

    def text(self) -> str:
        return self.model_dump_json()
