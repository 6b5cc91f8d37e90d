"""Writes into the OpenAPI document which problem documents each operation may answer."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from app.api.problems import MEDIA_TYPE

OPEN = frozenset({"/healthz", "/readyz"})
UNUSED = ("HTTPValidationError", "ValidationError")
"""FastAPI's own shapes of a 422, which nothing here answers."""

SAID = {
    HTTPStatus.UNAUTHORIZED: "No token, or one that is not known",
    HTTPStatus.FORBIDDEN: "The token lacks the scope",
    HTTPStatus.NOT_FOUND: "There is no such thing",
    HTTPStatus.REQUEST_TIMEOUT: "The request did not come to its end in time",
    HTTPStatus.CONFLICT: "The present state forbids it",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large",
    HTTPStatus.REQUEST_URI_TOO_LONG: "Path and query are too long",
    HTTPStatus.UNPROCESSABLE_ENTITY: "What was sent cannot be used; `errors` names the fields",
    HTTPStatus.FAILED_DEPENDENCY: "The item's execution failed, or the family is not ready",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many at once; `Retry-After` says when to come again",
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: "The headers are too large",
    HTTPStatus.SERVICE_UNAVAILABLE: "Something that is needed does not answer; try again",
}

_Json = dict[str, Any]  # OpenAPI's

_TEXT: _Json = {"type": "string"}
_FAULT: _Json = {
    "type": "object",
    "required": ["field", "message"],
    "properties": {"field": _TEXT, "message": _TEXT},
}
PROBLEM: _Json = {
    "type": "object",
    "title": "Problem",
    "description": "An RFC 9457 problem document. Some have further members.",
    "required": ["type", "title", "status", "detail", "instance", "success", "error"],
    "properties": {
        "type": _TEXT,
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": {**_TEXT, "description": "what is wrong, and what to do"},
        "instance": {**_TEXT, "description": "the path that was called"},
        "success": {"const": False, "type": "boolean"},
        "error": {**_TEXT, "description": "the same as `detail`"},
        "errors": {"type": "array", "items": _FAULT},
    },
}


def tell(document: _Json) -> _Json:
    """Write beside each operation what it may answer other than what it is for."""
    parts = document.setdefault("components", {})
    shapes = parts.setdefault("schemas", {})
    for name in UNUSED:
        shapes.pop(name, None)
    shapes["Problem"] = PROBLEM
    schema = {"$ref": "#/components/schemas/Problem"}
    parts["responses"] = {
        _name(status): {"description": text, "content": {MEDIA_TYPE: {"schema": schema}}}
        for status, text in SAID.items()
    }
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            answers = operation["responses"]
            answers.pop("422", None)  # FastAPI's own, in another media type
            for status in sorted({*_of(path, method, operation), *_named(answers)}):
                answers[str(int(status))] = {"$ref": f"#/components/responses/{_name(status)}"}
    return document


def _named(answers: _Json) -> list[HTTPStatus]:
    """Those that the operation itself names, without a shape of its own."""
    shaped = {code for code, answer in answers.items() if "content" in answer}
    return [status for status in SAID if str(int(status)) in answers.keys() - shaped]


def _name(status: HTTPStatus) -> str:
    return status.phrase.title().replace(" ", "").replace("-", "")


def _of(path: str, method: str, operation: _Json) -> set[HTTPStatus]:
    by_the_server = {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.REQUEST_URI_TOO_LONG,
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    }
    if path in OPEN:
        return by_the_server
    found = by_the_server | {HTTPStatus.UNPROCESSABLE_ENTITY, HTTPStatus.TOO_MANY_REQUESTS}
    found |= {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.SERVICE_UNAVAILABLE}
    if "{" in path or "requestBody" in operation:
        found.add(HTTPStatus.NOT_FOUND)
    if method != "get":
        found |= {HTTPStatus.CONFLICT, HTTPStatus.REQUEST_ENTITY_TOO_LARGE}
    return found
