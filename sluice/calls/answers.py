"""What a service answers, and what it means that it does not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from sluice.calls.retry_after import parse_retry_after
from sluice.errors import CallRefused, FieldFault, NotReached

Found = TypeVar("Found", bound=BaseModel)


class ProblemDocument(BaseModel):
    """RFC 9457."""

    detail: str
    errors: list[FieldFault] = []


def read(kind: type[Found], content: str | bytes, shown: str) -> Found:
    """
    Raises:
        NotReached: it is no answer of such a service.
    """
    try:
        # A newer service may say more.
        return kind.model_validate_json(content, extra="ignore")
    except ValidationError:
        raise stranger(shown, 200) from None


@contextmanager
def reaching(shown: str) -> Iterator[None]:
    """For as long as a call goes on, and its answer is read.

    Raises:
        NotReached: it got no answer.
    """
    try:
        yield
    except (httpx2.ConnectError, httpx2.ConnectTimeout):
        raise NotReached(f"No service answers at {shown}.", connected=False) from None
    except httpx2.TransportError as error:
        raise NotReached(
            f"The service at {shown} did not answer: {type(error).__name__}."
        ) from None


def refusal(answer: httpx2.Response, shown: str) -> CallRefused | NotReached:
    """The error that the answer stands for. It has been read."""
    try:
        problem = ProblemDocument.model_validate_json(answer.content)
    except ValidationError:
        return stranger(shown, answer.status_code)
    asked = parse_retry_after(answer.headers.get("Retry-After"), now=datetime.now(UTC))
    return CallRefused(
        problem.detail,
        answer.status_code,
        errors=problem.errors,
        retry_after=0.0 if asked is None else asked.total_seconds(),
    )


def stranger(shown: str, status: int) -> NotReached:
    return NotReached(
        f"What answers at {shown} is not this version of Sluice (HTTP {status}).", status=status
    )
