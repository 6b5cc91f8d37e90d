"""How large a body may be: more is not read."""

from __future__ import annotations

from starlette.requests import Request
from starlette.types import Message, Receive

from app.api.routing import CarriedError
from app.errors import TooLarge

LARGEST_BODY = 1_000_000
"""Bytes."""
LARGEST_WEBHOOK = 256_000
"""Bytes: nobody knows yet whether it is signed."""
LARGEST_SIGN_IN = 4_000
"""Bytes: nobody knows yet who sends them, and a token is much shorter."""


def require_small(request: Request, largest: int) -> None:
    """
    Raises:
        TooLarge: the body says that it is larger. One that does not say is for ``bounded``.
    """
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > largest:
        raise _too_large(largest)


def bounded(receive: Receive, largest: int) -> Receive:
    """``receive``, and TooLarge carried to the answer once that much has come."""
    read = 0

    async def received() -> Message:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > largest:
            raise CarriedError(_too_large(largest))
        return message

    return received


def _too_large(largest: int) -> TooLarge:
    hint = {
        LARGEST_BODY: " Send fewer ids, or events, at a time.",
        LARGEST_SIGN_IN: " It holds a token alone.",
    }.get(largest, "")
    return TooLarge(f"The body is larger than {largest:,} bytes.{hint}")
