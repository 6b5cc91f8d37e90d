"""What goes wrong between a caller and a service.

    ClientError
    ├── NotConfigured     the address or the token cannot be used
    ├── NotReached        nobody answers, or what answers is no Sluice service
    ├── CallRefused       the service says no; the sentence is its own
    └── RunNotSucceeded   the run that was waited for failed or was cancelled

Each one's message is a sentence that says what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel

if TYPE_CHECKING:
    from sluice.models import RunState


class FieldFault(BaseModel):
    """What is wrong with one field of what was sent."""

    field: str
    message: str


class ClientError(Exception):
    """Something expected went wrong. ``detail``: the sentence."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class NotConfigured(ClientError):
    """The address or the token cannot be used."""


class NotReached(ClientError):
    """Nobody answers, or what answers is no Sluice service.

    ``status``: of an answer that is no problem document; None: there was no answer. ``connected``:
    whether there was a connection, so that the call may have arrived.
    """

    def __init__(self, detail: str, *, status: int | None = None, connected: bool = True) -> None:
        super().__init__(detail)
        self.status = status
        self.connected = connected


class CallRefused(ClientError):
    """The service answered with a problem document.

    ``status``: of HTTP. ``errors``: each field that is wrong. ``retry_after``: the seconds that it
    asks for before the next try.
    """

    def __init__(
        self,
        detail: str,
        status: int,
        *,
        errors: Sequence[FieldFault] = (),
        retry_after: float = 0.0,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.errors = tuple(errors)
        self.retry_after = retry_after


class RunNotSucceeded(ClientError):
    """The run failed or was cancelled. ``run``: as it ended."""

    def __init__(self, run: RunState) -> None:
        word = {"failed": "failed", "cancelled": "was cancelled"}[run.status]
        why = run.detail or f"{run.failed + run.timed_out} of its {run.ended} items failed."
        super().__init__(f"Run {run.id} of {run.family} {word}. {why}")
        self.run = run
