"""The HTTP API, from the OpenAPI document that the service answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from app.api.app import build_app
from docs.generate.markdown import code, prose, sentence, table
from docs.generate.schemas import fields, named, reached, type_of
from tests.support.families import Welcoming


def document() -> dict[str, Any]:  # JSON
    """Of a service with one family, whose routes stand for those of any."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield

    return build_app([Welcoming()], [], lifespan=lifespan).openapi()


def routes() -> str:
    there = document()
    schemas = there["components"]["schemas"]
    parts = [_route(*one) for one in operations(there)]
    shown = {name for _, _, one in operations(there) for name in named([_body(one), _answers(one)])}
    objects = [_object(name, schemas[name]) for name in sorted(reached(shown, schemas))]
    return "".join([*parts, "## Objects\n\n", *objects])


def operations(there: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path, and what the document says of both."""
    for path, methods in there["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _route(method: str, path: str, operation: dict[str, Any]) -> str:
    # FastAPI makes a summary of the function's name, in title case.
    text = sentence(operation["summary"].capitalize())
    if not path.startswith("/api/workflows/"):  # whose description is that of the one family
        text += f" {operation.get('description', '')}"
    parts = [f"## {method} {path}\n\n{prose(text)}\n\n{_scopes(operation)}\n\n"]
    if told := operation.get("parameters"):
        head = ["parameter", "in", "type", "meaning"]
        parts.append(table(head, [_parameter(one) for one in told]))
    if body := _body(operation):
        optional = "" if operation["requestBody"].get("required") else ", which may be left out"
        parts.append(f"Body: {type_of(body)}{optional}.\n\n")
    answers = _answers(operation)
    parts += [f"{status}: {type_of(schema)}.\n\n" for status, schema in answers.items()]
    return "".join(parts)


def _parameter(one: dict[str, Any]) -> list[str]:
    return [code(one["name"]), one["in"], type_of(one["schema"]), one.get("description", "")]


def _scopes(operation: dict[str, Any]) -> str:
    needed = [scope for one in operation.get("security", ()) for of in one.values() for scope in of]
    if not needed:
        return "Needs no token."
    return f"Needs a token with the scope {' or '.join(code(str(scope)) for scope in needed)}."


def _body(operation: dict[str, Any]) -> dict[str, Any]:
    content = operation.get("requestBody", {}).get("content", {})
    schema: dict[str, Any] = content.get("application/json", {}).get("schema", {})
    return schema


def _answers(operation: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Schemas by status; an empty one: an answer without a body."""
    return {
        status: answer.get("content", {}).get("application/json", {}).get("schema", {})
        for status, answer in operation["responses"].items()
        if "$ref" not in answer  # a problem document, as any route may answer
    }


def _object(name: str, schema: dict[str, Any]) -> str:
    text = prose(schema.get("description", ""))
    parts = [f"### {name}\n\n{text}\n\n" if text else f"### {name}\n\n"]
    if "enum" in schema:
        parts.append(f"One of {', '.join(code(word) for word in schema['enum'])}.\n\n")
    elif rows := fields(schema):
        parts.append(table(["field", "type", "default", "meaning"], rows))
    return "".join(parts)
