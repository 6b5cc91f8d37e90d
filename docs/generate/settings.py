"""The settings, from ``app.settings.Settings``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le
from pydantic.fields import FieldInfo

from app.settings import Settings
from docs.generate.markdown import code, table


def settings() -> str:
    fields = Settings.model_fields.values()
    rows = [[code(f.alias), _default(f), _allowed(f), f.description or ""] for f in fields]
    return table(["name", "default", "may be", "meaning"], rows)


def default_of(field: FieldInfo) -> Any:  # of the field's own type
    """Where it follows from other settings, with those at their defaults."""
    others = {name: other.default for name, other in Settings.model_fields.items()}
    return field.get_default(call_default_factory=True, validated_data=others)


def _default(field: FieldInfo) -> str:
    default = default_of(field)
    return "unset" if default in (None, ()) else code(default)


def _allowed(field: FieldInfo) -> str:
    if get_origin(field.annotation) is Literal:
        return ", ".join(code(choice) for choice in get_args(field.annotation))
    low = [f"{m.ge} or more" for m in field.metadata if isinstance(m, Ge)]
    low += [f"above {m.gt}" for m in field.metadata if isinstance(m, Gt)]
    high = [f"at most {_number(m.le)}" for m in field.metadata if isinstance(m, Le)]
    return ", ".join([*low, *high]) or _kind(field.annotation)


def _number(value: Any) -> str:  # as annotated_types types it: whatever can be compared
    return f"{value:,}"


def _kind(annotation: object) -> str:
    return "a path" if annotation is Path else "text"
