"""What becomes of a call of QStash that nothing comes of: a sentence for whoever operates the
service."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.errors import Unavailable, full_stop
from app.redaction.redactor import redacted

WITHIN = 10.0
"""Seconds for one call, with what the client tries again."""
LONGEST = 200
"""Characters of what QStash says itself."""
_STATUS = re.compile(r"status: (\d{3}), body: (.*)", re.DOTALL)
"""The official client keeps neither by itself."""


class QStashFault(Unavailable):
    """
    Args:
        answered: the HTTP status; None: there was no answer that can be understood.
    """

    def __init__(self, detail: str, answered: int | None = None) -> None:
        super().__init__(detail)
        self.answered = answered


@asynccontextmanager
async def calling_qstash(within: float = WITHIN) -> AsyncIterator[None]:
    """
    Raises:
        QStashFault: whatever went wrong with what is called within.
    """
    try:
        async with asyncio.timeout(within):
            yield
    except Exception as error:  # noqa: BLE001 - the client lets errors of several kinds through
        raise fault_of(error) from None


def fault_of(error: Exception) -> QStashFault:
    """
    Args:
        error: as a call by the official client raises it, or the reading of what was answered.
    """
    # Here, because it takes long; where a call was made, they are there already.
    import httpx  # noqa: PLC0415
    from qstash import errors  # noqa: PLC0415

    if isinstance(error, errors.DailyMessageLimitExceededError):
        return QStashFault("QStash takes no more messages today: its plan allows no more.", 429)
    if isinstance(error, errors.RateLimitExceededError):
        return QStashFault("QStash takes no more calls just now: too many were made.", 429)
    if isinstance(error, errors.QStashError):
        return _refused(str(error))
    if isinstance(error, (httpx.HTTPError, OSError)):  # a TimeoutError is an OSError
        kind = type(error).__name__
        return QStashFault(f"QStash does not answer ({kind}). Is QSTASH_URL right?")
    return QStashFault("What answers at QSTASH_URL is no QStash: its answer cannot be understood.")


def _refused(said: str) -> QStashFault:
    found = _STATUS.search(said)
    if found is None:
        return QStashFault(f"QStash refuses the call: {full_stop(_shown(said))}")
    status, body = int(found[1]), found[2]
    if status in (401, 403):
        sentence = (
            f"QStash refuses the token ({status}): QSTASH_TOKEN must be the one that QStash's"
            " console shows beside QSTASH_URL, and may not be one for reading alone."
        )
    elif status >= 500:
        sentence = f"QStash has a fault of its own just now ({status})."
    else:
        sentence = f"QStash refuses the call ({status}): {full_stop(_shown(_error(body)))}"
    return QStashFault(sentence, status)


def _error(body: str) -> str:
    try:
        return str(json.loads(body)["error"])
    except (ValueError, LookupError, TypeError):
        return body


def _shown(text: str) -> str:
    line = "".join(c if c.isprintable() else " " for c in redacted(text)).strip()
    return line[:LONGEST] or "it says nothing"
