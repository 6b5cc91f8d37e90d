"""A line of what a provider has written about a batch: the answer to one of its requests."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from app.services.errors import cut
from app.services.http.responses import tokens_of

TOO_LARGE = "too_large"
UNSAID = "It was not said why."
_CUSTOM_ID = re.compile(r'"custom_id"\s*:\s*"([!#-\[\]-~]{1,200})"')
_ID = re.compile(r"[!-~]{1,200}")
"""Ours have no other characters, and some of them Postgres could not even compare."""


@dataclass(frozen=True, slots=True)
class AnswerLine:
    """``body``: JSON in ASCII; None: the request failed, and ``status``, ``code`` and ``message``
    say how, as far as it was said. ``tokens``: request and answer."""

    custom_id: str
    status: int | None = None
    code: str | None = None
    message: str = ""
    body: str | None = None
    tokens: int = 0


def read_line(text: str, *, largest: int, whole: bool = True) -> AnswerLine | None:
    """The answer in a line of a batch's file; None: the line is no answer to a request.

    Args:
        largest: characters of a body that are kept; a larger one is a failure that says so.
        whole: this is not only the beginning of the line.
    """
    if not whole:
        found = _CUSTOM_ID.search(text)
        return None if found is None else _too_large(found[1], largest)
    try:
        line = json.loads(text)
        custom_id = line["custom_id"]
        response, error = line.get("response"), line.get("error")
        if not isinstance(custom_id, str) or _ID.fullmatch(custom_id) is None:
            return None
        if isinstance(response, dict):
            return _answered(custom_id, response, largest)
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return None
    return _failed(custom_id, None, error)


def _answered(custom_id: str, response: dict[str, Any], largest: int) -> AnswerLine | None:
    status, body = response.get("status_code"), response.get("body")
    if type(status) is not int:
        return None
    if not 200 <= status < 300:
        return _failed(custom_id, status, body.get("error") if isinstance(body, dict) else None)
    if not isinstance(body, dict):
        return None
    kept = json.dumps(body, separators=(",", ":"), allow_nan=False)
    tokens = tokens_of(body)
    if len(kept) > largest:
        return _too_large(custom_id, largest, tokens)
    return AnswerLine(custom_id, status, body=kept, tokens=tokens)


def _failed(custom_id: str, status: int | None, error: object) -> AnswerLine:
    told = error if isinstance(error, dict) else {}
    code = told.get("code") or told.get("type")
    message = told.get("message")
    return AnswerLine(
        custom_id,
        status,
        cut(str(code), 100) if code else None,
        cut(str(message), 500) if message else UNSAID,
    )


def _too_large(custom_id: str, largest: int, tokens: int = 0) -> AnswerLine:
    message = f"The answer is longer than the {largest:,} bytes that are kept of one."
    return AnswerLine(custom_id, None, TOO_LARGE, message, tokens=tokens)
