"""The page on which somebody without a token answers a step: plain HTML, no script, no request to
anywhere else."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from app import exact_json

if TYPE_CHECKING:
    from jinja2 import Environment

LONG_TEXT = 200
"""Characters from which a text is typed on several lines."""


@cache
def _templates() -> Environment:
    # Here, because it takes long, and few services are ever asked for such a page.
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    return Environment(
        loader=PackageLoader("app.api.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@dataclass(frozen=True, slots=True)
class FormField:
    """What the template shows of one. ``choices``: values, and what is shown of each; ``step``: of
    a number; ``short``: typed on one line."""

    name: str
    title: str
    hint: str
    value: str
    required: bool
    choices: tuple[tuple[str, str], ...] = ()
    step: str = ""
    short: bool = False


def told(title: str, sentence: str) -> str:
    return _templates().get_template("page.html").render(title=title, sentence=sentence)


def question(
    step: str,
    payload: object,
    schema: Mapping[str, Any] | None,
    *,
    shows: Mapping[str, Any] | None = None,
    expires: str,
    error: str | None = None,
    given: Mapping[str, str] | None = None,
) -> str:
    """
    Args:
        payload: what is asked, as JSON holds it.
        schema: of the answer; None: any.
        shows: the schema of ``payload``; None: it has none.
        error: what was wrong with the answer before this one, ``given``.
    """
    required = (schema or {}).get("required", ())
    return (
        _templates()
        .get_template("question.html")
        .render(
            title=step,
            asked=list(_asked(payload, shows)),
            error=error,
            fields=[
                _field(name, about, required=name in required, given=given or {})
                for name, about in fields_of(schema).items()
            ],
            expires=expires,
        )
    )


def fields_of(schema: Mapping[str, Any] | None) -> dict[str, dict[str, Any]]:
    """By name, what a form asks for; an answer that is no object is one field, ``data``."""
    properties = (schema or {}).get("properties")
    if not isinstance(properties, dict):
        root = root_of(schema or {})
        return {"data": {"type": "json", **root, "title": root.get("title", "Answer")}}
    definitions = (schema or {}).get("$defs", {})
    return {name: _resolved(about, definitions) for name, about in properties.items()}


def root_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of the answer as a whole, without references."""
    return _resolved(schema, schema.get("$defs", {}))


def read_form(schema: Mapping[str, Any] | None, given: Mapping[str, str]) -> object:
    """The answer that a form sends. Of an object what was left empty is left out.

    Raises:
        ValueError: what must be JSON is none, or there is no answer.
    """
    found: dict[str, object] = {}
    for name, about in fields_of(schema).items():
        text = given.get(name, "")
        if text.strip():
            plain = about.get("type") in ("string", "boolean", "number", "integer")
            found[name] = text if plain or "enum" in about else exact_json.loads(text)
    if "properties" in (schema or {}):
        return found
    if not found:
        raise ValueError("it is empty; write null to answer with nothing")
    return found["data"]


def _resolved(about: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Through a reference, and through ``X | None``."""
    options = [one for one in about.get("anyOf", ()) if one.get("type") != "null"]
    if len(options) == 1:
        return {**_resolved(options[0], definitions), **_named(about)}
    name = about.get("$ref", "").rpartition("/")[2]
    return {**definitions.get(name, {}), **{k: v for k, v in about.items() if k != "$ref"}}


def _named(about: Mapping[str, Any]) -> dict[str, Any]:
    return {key: about[key] for key in ("title", "description", "default") if key in about}


def _asked(payload: object, shows: Mapping[str, Any] | None) -> Iterator[tuple[str, str, str]]:
    """Headings, what is said of each, and what stands below it."""
    if isinstance(payload, dict):
        declared = fields_of(shows) if "properties" in (shows or {}) else {}
        for name, value in payload.items():
            about = declared.get(name, {})
            title, hint = about.get("title", name), about.get("description", "")
            yield str(title), str(hint), _text(value)
    elif payload is not None:
        yield "", "", _text(payload)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


def _field(
    name: str, about: Mapping[str, Any], *, required: bool, given: Mapping[str, str]
) -> FormField:
    default = about.get("default")
    kind = about.get("type")
    choices = (("true", "Yes"), ("false", "No")) if kind == "boolean" else tuple(
        (str(one), str(one)) for one in about.get("enum", ())
    )  # fmt: skip
    return FormField(
        name,
        title=str(about.get("title", name)),
        hint=str(about.get("description", "")),
        value=given.get(name, "" if default is None else _text(default)),
        required=required,
        choices=choices,
        step={"integer": "1", "number": "any"}.get(str(kind), ""),
        short=kind == "string" and about.get("maxLength", LONG_TEXT + 1) <= LONG_TEXT,
    )
