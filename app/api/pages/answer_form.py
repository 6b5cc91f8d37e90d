"""The page on which somebody without a token answers a step: plain HTML, no script, no request to
anywhere else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any

from app import exact_json

LONG_TEXT = 200
"""Characters from which a text is typed on several lines."""

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:2rem auto;padding:0 1rem;
color:#1a1a1a;background:#fff}h1{font-size:1.4rem}pre{white-space:pre-wrap;overflow-wrap:anywhere;
background:#f4f4f4;padding:1rem;border-radius:6px}label{display:block;margin:1rem 0 .25rem;
font-weight:600}input,select,textarea{font:inherit;width:100%;padding:.5rem;box-sizing:border-box;
border:1px solid #767676;border-radius:4px}textarea{min-height:6rem}button{font:inherit;margin-top:
1.5rem;padding:.6rem 1.4rem;border:0;border-radius:4px;background:#0b57d0;color:#fff}
.error{color:#b3261e}small{color:#595959}
@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}pre{background:#262626}
input,select,textarea{background:#262626;color:#eee}small{color:#b0b0b0}.error{color:#ff8a80}}
"""


def page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>{body}</main></body>"
        "</html>"
    )


def told(title: str, sentence: str) -> str:
    return page(title, f"<p>{escape(sentence)}</p>")


def question(
    step: str,
    payload: object,
    schema: Mapping[str, Any] | None,
    *,
    expires: str,
    error: str | None = None,
    given: Mapping[str, str] | None = None,
) -> str:
    """
    Args:
        payload: what is asked, as JSON holds it.
        schema: of the answer; None: any.
        error: what was wrong with the answer before this one, ``given``.
    """
    complaint = "" if error is None else f'<p class="error" role="alert">{escape(error)}</p>'
    fields = "".join(
        _field(name, about, required=name in (schema or {}).get("required", ()), given=given or {})
        for name, about in fields_of(schema).items()
    )
    return page(
        step,
        f"{_payload(payload)}{complaint}"
        f'<form method="post">{fields}<button>Send the answer</button></form>'
        "<p><small>This link is for this one answer, and expires on"
        f" {escape(expires)}.</small></p>",
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


def _payload(payload: object) -> str:
    if isinstance(payload, dict):
        parts = (
            f"<h2>{escape(str(name))}</h2><pre>{escape(_text(value))}</pre>"
            for name, value in payload.items()
        )
        return "".join(parts)
    return "" if payload is None else f"<pre>{escape(_text(payload))}</pre>"


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


def _field(name: str, about: Mapping[str, Any], *, required: bool, given: Mapping[str, str]) -> str:
    key, title = escape(name), escape(str(about.get("title", name)))
    default = about.get("default")
    value = given.get(name, "" if default is None else _text(default))
    must = " required" if required else ""
    kind = about.get("type")
    if kind == "boolean" or "enum" in about:
        choices = [("true", "Yes"), ("false", "No")] if kind == "boolean" else [
            (str(one), str(one)) for one in about["enum"]
        ]  # fmt: skip
        options = "".join(
            f'<option value="{escape(v)}"{" selected" * (v == value)}>{escape(shown)}</option>'
            for v, shown in [("", "…"), *choices]
        )
        control = f'<select id="{key}" name="{key}"{must}>{options}</select>'
    elif kind in ("integer", "number"):
        step = "1" if kind == "integer" else "any"
        control = (
            f'<input id="{key}" name="{key}" type="number" step="{step}"'
            f' value="{escape(value)}"{must}>'
        )
    elif kind == "string" and about.get("maxLength", LONG_TEXT + 1) <= LONG_TEXT:
        control = f'<input id="{key}" name="{key}" value="{escape(value)}"{must}>'
    else:
        control = f'<textarea id="{key}" name="{key}"{must}>{escape(value)}</textarea>'
    about_it = escape(str(about.get("description", "")))
    hint = f"<small>{about_it}</small>" if about_it else ""
    return f'<label for="{key}">{title}</label>{control}{hint}'
