"""JSON schemas in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from docs.generate.markdown import code

_PREFIX = "#/components/schemas/"
Schema = dict[str, Any]  # JSON schema


def type_of(schema: Schema) -> str:
    """In a few words, with links to the objects that stand on the same page."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_PREFIX)
        return f"[{name}](#{name.lower()})"
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return " or ".join(dict.fromkeys(type_of(one) for one in schema[several]))
    if "const" in schema:
        return code(str(schema["const"]).lower())
    if "enum" in schema:
        return " or ".join(code(word) for word in schema["enum"])
    kind: str | None = schema.get("type")
    if kind == "array":
        return f"list of {type_of(schema.get('items', {}))}"
    if kind is None:
        return "any JSON"
    word = _WORDS.get(kind, kind)
    return " ".join([word, *_bounds(schema)])


_WORDS: dict[str, str] = {"string": "text", "integer": "whole number", "boolean": "true or false"}
_BOUNDS = {
    "minimum": "from",
    "exclusiveMinimum": "above",
    "maximum": "to",
    "exclusiveMaximum": "below",
}


def _bounds(schema: Schema) -> Iterator[str]:
    for name, word in _BOUNDS.items():
        if name in schema:
            yield f"{word} {schema[name]:,.15g}"
    if "maxLength" in schema:
        yield f"of at most {schema['maxLength']:,} characters"


def fields(schema: Schema) -> list[list[str]]:
    """Name, type, default, meaning."""
    required = set(schema.get("required", ()))
    return [
        [
            code(name),
            type_of(one),
            _default(one, required=name in required),
            one.get("description", ""),
        ]
        for name, one in schema.get("properties", {}).items()
    ]


def _default(schema: Schema, *, required: bool) -> str:
    if required or "default" not in schema:
        return "required" if required else ""
    words = {None: "null", True: "true", False: "false"}
    value = schema["default"]
    return code(words[value] if value is None or isinstance(value, bool) else value)


def named(value: object) -> set[str]:
    """The objects that a schema refers to."""
    if isinstance(value, dict):
        found = {str(value["$ref"]).removeprefix(_PREFIX)} if "$ref" in value else set()
        return found.union(*(named(one) for one in value.values()))
    if isinstance(value, list):
        return {name for one in value for name in named(one)}
    return set()


def reached(names: set[str], schemas: Schema) -> set[str]:
    """These objects, and those that their fields lead to."""
    found: set[str] = set()
    while names:
        found |= names
        names = {other for name in names for other in named(schemas[name])} - found
    return found
