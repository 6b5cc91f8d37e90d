"""What callers send."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request

from app.qstash_dev.refusal import QStashRefusal
from app.qstash_dev.wire.header_fields import HeaderFields

LARGEST_MESSAGE = 1_048_576
"""Bytes: what the plans with the smallest limit allow."""
LARGEST_BATCH = 16 * LARGEST_MESSAGE


async def read_body(request: Request, largest: int = LARGEST_MESSAGE) -> bytes:
    """
    Raises:
        QStashRefusal: it has more bytes.
    """
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told) > largest:
        raise _too_large(largest)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest:
            raise _too_large(largest)
    return bytes(body)


async def read_json(request: Request, largest: int = LARGEST_MESSAGE) -> Any:  # whatever was sent
    """The body as JSON; None: there is none.

    Raises:
        QStashRefusal: it is no JSON, or too large.
    """
    body = await read_body(request, largest)
    if not body:
        return None
    try:
        value = json.loads(body)
        if b"\\u" in body:  # an escape may be half a character, which no answer could have
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise QStashRefusal("The body is no JSON, or has half a character.") from None
    return value


async def read_object(request: Request) -> dict[str, Any]:  # likewise
    """
    Raises:
        QStashRefusal: it is no JSON object.
    """
    body = await read_json(request)
    if not isinstance(body, dict):
        raise QStashRefusal("The body must be a JSON object.")
    return body


def header_fields(request: Request) -> HeaderFields:
    """Of what is published by a call of its own.

    Raises:
        QStashRefusal: see ``HeaderFields``.
    """
    return HeaderFields(
        (name.decode("latin-1"), value.decode("utf-8", "replace"))
        for name, value in request.headers.raw
    )


def address_of(request: Request) -> str:
    """Of whoever called."""
    return request.client.host if request.client else ""


def path_behind(request: Request, prefix: str) -> str:
    """What came behind it, as it was sent, with its escapes."""
    raw: bytes = request.scope["raw_path"]
    return raw.decode("latin-1").removeprefix(prefix)


def _too_large(largest: int) -> QStashRefusal:
    return QStashRefusal(f"The body has more than {largest} bytes.", 413)
