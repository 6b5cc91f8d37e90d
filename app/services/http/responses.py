"""Reads what a JSON endpoint replies: how much of it, its shape, what it cost, what went wrong."""

from __future__ import annotations

import json
from contextlib import aclosing, suppress
from typing import TypeVar

import httpx2
from pydantic import BaseModel, Field, ValidationError

from app.errors import field_errors
from app.services.errors import LlmReplyInvalid, cut

Shape = TypeVar("Shape", bound=BaseModel)

QUOTED_CHARS = 200


class Usage(BaseModel):
    total_tokens: int = Field(ge=0, le=2**40)


class Used(BaseModel):
    """A reply, as far as it tells what it cost."""

    usage: Usage | None = None


class ErrorDetail(BaseModel):
    message: str


class ErrorReply(BaseModel):
    """The body that comes with an error status."""

    error: ErrorDetail


async def read_body(response: httpx2.Response, limit: int) -> bytes:
    """At most ``limit`` bytes of the body; the rest is never read."""
    body = bytearray()
    async with aclosing(response.aiter_bytes()) as parts:
        async for part in parts:
            body += part[: limit - len(body)]
            if len(body) >= limit:
                break
    return bytes(body)


def check_utf8(body: bytes, text: str) -> None:
    """Raises LlmReplyInvalid, keeping ``text``, unless ``body`` is UTF-8 (RFC 8259, 8.1)."""
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise LlmReplyInvalid(f"The reply is not UTF-8 at byte {error.start}.", text=text) from None


def read_tokens(body: str) -> int:
    """The tokens that the call used, request and answer; 0 where the reply does not say."""
    try:
        return tokens_of(json.loads(body))
    except (ValueError, RecursionError):
        return 0


def tokens_of(reply: object) -> int:
    """The same of a reply that has been read: whatever else is in it, such as half a character at
    which an answer was cut off."""
    try:
        usage = Used.model_validate(reply).usage
    except ValidationError:
        return 0
    return 0 if usage is None else usage.total_tokens


def read_shape(text: str, schema: type[Shape], called: str | None = None) -> Shape:
    """``text`` as one ``schema``; raises LlmReplyInvalid, with where it differs.

    Args:
        called: what people call it, with its article; None: by its name.
    """
    try:
        return schema.model_validate_json(text)
    except ValidationError as error:
        first = field_errors(error)[0]
        fault = f"{first['field'] or 'the whole'}: {first['message']}"
        # Not "from error": pydantic's own message quotes the input without bound.
        raise LlmReplyInvalid(
            f"The reply is not {called or f'a {schema.__name__}'}: {fault}.", text=text
        ) from None


def said(text: str) -> str:
    """What an error reply says, as far as it fits in a sentence."""
    # Otherwise it is a proxy's HTML page, plain text, or nothing.
    with suppress(ValidationError):
        text = ErrorReply.model_validate_json(text).error.message
    return cut(" ".join(text.split()), QUOTED_CHARS)
