"""What a provider says of its files and batches: the parts that are read.

Shapes: platform.openai.com/docs/api-reference/batch and …/files.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Final, Generic, TypeVar

from pydantic import BaseModel, BeforeValidator, Field

RemoteId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,199}$")]
"""It becomes part of a URL's path."""
MaybeId = Annotated[RemoteId | None, BeforeValidator(lambda told: told or None)]
CreatedAt = Annotated[int, BeforeValidator(lambda told: told or 0)]
"""Seconds since 1970; 0: it is not said."""
OWNER: Final = "sluice_batch"
"""The key of a batch's metadata under which its id here stands."""

WINDOW: Final = timedelta(hours=24)
"""Within which a provider is asked to answer a batch. It is the only one that all of them offer."""
ENDED: Final = frozenset({"completed", "failed", "expired", "cancelled"})
"""Statuses from which a batch goes on to no other."""


LATEST: Final = 253_402_300_799
"""Seconds since 1970: the last one of the year 9999, behind which Python has no dates."""


def _moment(told: object) -> object:
    return told if isinstance(told, int) and 0 <= told <= LATEST else None


class BatchFault(BaseModel):
    """Why a batch was refused. ``line``: of its file, from 1; None: it is about the whole."""

    code: str | None = None
    message: str | None = None
    line: int | None = None


class BatchFaults(BaseModel):
    data: list[BatchFault] | None = None


class RemoteBatch(BaseModel):
    id: RemoteId
    status: str = Field(pattern=r"^[a-z_]{1,50}$")
    output_file_id: MaybeId = None
    error_file_id: MaybeId = None
    created_at: CreatedAt = 0
    expires_at: Annotated[int | None, BeforeValidator(_moment)] = None
    errors: BatchFaults | None = None
    metadata: dict[str, str] | None = None

    @property
    def ended(self) -> bool:
        return self.status in ENDED

    @property
    def faults(self) -> list[BatchFault]:
        return (self.errors and self.errors.data) or []

    @property
    def owner(self) -> str | None:
        return (self.metadata or {}).get(OWNER)


class RemoteFile(BaseModel):
    id: RemoteId
    filename: str = ""
    created_at: CreatedAt = 0


Listed = TypeVar("Listed", RemoteBatch, RemoteFile)


class ListPage(BaseModel, Generic[Listed]):
    data: list[Listed]
    has_more: bool = False


CALLED: Final[Mapping[type[BaseModel], str]] = {
    RemoteBatch: "a batch",
    RemoteFile: "a file",
    ListPage[RemoteBatch]: "a list of batches",
    ListPage[RemoteFile]: "a list of files",
}
"""What people call each."""
