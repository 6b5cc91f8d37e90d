"""``name=value`` as one types it, read as a JSON schema says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from app import exact_json
from app.errors import BadInput

Schema = Mapping[str, JsonValue]

_BOOLEANS = {"true": True, "yes": True, "on": True, "1": True} | {
    "false": False, "no": False, "off": False, "0": False,
}  # fmt: skip
_INTEGER = re.compile(r"[+-]?[0-9]{1,30}")


class _Unfit(Exception):
    """The text is not of this type."""


@dataclass(frozen=True, slots=True)
class Words:
    """How a refusal speaks of them. ``option`` stands before what was typed."""

    option: str
    one: str
    none: str


PARAMS = Words("--param ", "param", "This family takes none.")


def parse_params(
    given: Sequence[str], schema: Schema, words: Words = PARAMS
) -> dict[str, JsonValue]:
    """By the names of the schema. An array's name may be repeated, or its values be separated
    by commas; an object is JSON.

    Raises:
        BadInput: says which param, and what would be right. Ranges and patterns are not checked
            here: the service does that.
    """
    properties = _mapping(schema.get("properties"))
    params: dict[str, JsonValue] = {}
    for pair in given:
        typed, equals, text = pair.partition("=")
        if not equals:
            raise BadInput(f"{words.option}{pair}: it must be of the form name=value.")
        name = _known(typed, properties, words)
        try:
            value = _value(text, _mapping(properties[name]), schema)
        except _Unfit as reason:
            refused = f"{words.option}{typed}: it must be {reason}, not {text[:60]!r}."
            raise BadInput(refused) from None
        before = params.get(name)
        if name not in params:
            params[name] = value
        elif isinstance(before, list) and isinstance(value, list):
            params[name] = [*before, *value]
        else:
            raise BadInput(f"{words.option}{typed} stands twice, and it takes one value.")
    return params


def takes(name: str, schema: Schema) -> bool:
    """Whether it is one of the schema's params, or may be one."""
    return name in _mapping(schema.get("properties")) or bool(schema.get("additionalProperties"))


def _known(typed: str, properties: Schema, words: Words) -> str:
    same = [name for name in properties if _plain(name) == _plain(typed)]
    if len(same) > 1 and typed in same:
        return typed
    if len(same) != 1:
        names = ", ".join(sorted(properties))
        known = f"Known are: {names}." if names else words.none
        raise BadInput(f"There is no {words.one} {typed.strip()!r}. {known}")
    return same[0]


def _plain(name: str) -> str:
    """``paid_only``, ``paid-only`` and ``paidOnly`` are one name."""
    return re.sub(r"[-_\s]", "", name).casefold()


def _value(text: str, schema: Schema, root: Schema) -> JsonValue:
    options = _options(schema, root)
    reasons = []
    # A string takes any text, so it comes after what takes less.
    for option in sorted(options, key=lambda option: option.get("type") == "string"):
        try:
            return _typed(text, option, root)
        except _Unfit as reason:
            reasons.append(str(reason))
    raise _Unfit(" or ".join(dict.fromkeys(reasons)))


def _options(schema: Schema, root: Schema) -> list[Schema]:
    """The schemas of which one must fit, with references followed."""
    reference = schema.get("$ref")
    if isinstance(reference, str):
        target = _mapping(_mapping(root.get("$defs")).get(reference.rpartition("/")[2]))
        return _options(target, root)
    for key in ("anyOf", "oneOf", "allOf"):
        several = schema.get(key)
        if isinstance(several, list):
            return [found for one in several for found in _options(_mapping(one), root)]
    kinds = schema.get("type")
    if isinstance(kinds, list):
        return [{**schema, "type": kind} for kind in kinds]
    return [schema]


def _typed(text: str, schema: Schema, root: Schema) -> JsonValue:
    choices = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if isinstance(choices, list):
        return _choice(text, choices)
    kind = schema.get("type")
    if kind == "array":
        return _array(text, _mapping(schema.get("items")), root)
    read = _READERS.get(kind) if isinstance(kind, str) else None
    return (read or _anything)(text)


def _choice(text: str, choices: list[JsonValue]) -> JsonValue:
    for choice in choices:
        if text == (choice if isinstance(choice, str) else json.dumps(choice)):
            return choice
    raise _Unfit(f"one of {', '.join(str(choice) for choice in choices)}")


def _array(text: str, items: Schema, root: Schema) -> JsonValue:
    if text.lstrip().startswith("["):
        value = _json(text, "a JSON array")
        if isinstance(value, list):
            return value
    return [_value(part.strip(), items, root) for part in text.split(",") if part.strip()]


def _boolean(text: str) -> JsonValue:
    try:
        return _BOOLEANS[text.strip().lower()]
    except KeyError:
        raise _Unfit("true or false") from None


def _integer(text: str) -> JsonValue:
    if not _INTEGER.fullmatch(text.strip()):
        raise _Unfit("an integer")
    return int(text)


def _number(text: str) -> JsonValue:
    try:
        return exact_json.number(text.strip())
    except ValueError:
        raise _Unfit("a number of at most 16 digits") from None


def _null(text: str) -> JsonValue:
    if text != "null":
        raise _Unfit("null")
    return None


def _object(text: str) -> JsonValue:
    value = _json(text, "a JSON object")
    if not isinstance(value, dict):
        raise _Unfit("a JSON object")
    return value


def _anything(text: str) -> JsonValue:
    try:
        return _json(text, "")
    except _Unfit:
        return text


def _json(text: str, expected: str) -> JsonValue:
    try:
        return exact_json.loads(text)
    except ValueError:
        raise _Unfit(expected) from None


_READERS: Mapping[str, Callable[[str], JsonValue]] = {
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "null": _null,
    "object": _object,
    "string": str,
}


def _mapping(value: JsonValue) -> Schema:
    return value if isinstance(value, dict) else {}
