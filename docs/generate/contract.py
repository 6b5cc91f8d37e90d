"""The contract of a family: ``JobFamily``, and all that ``app.workflows.family`` hands to it."""

from __future__ import annotations

import inspect
from types import FunctionType

from app.workflows import family as module
from app.workflows.contract.context import Context
from app.workflows.contract.steps.event_methods import EventMethods
from app.workflows.contract.steps.step_methods import StepMethods
from app.workflows.family import JobFamily
from docs.generate.markdown import code, prose, table
from docs.generate.source import Attribute, Method, as_markdown, attributes, methods

_OF_SLUICE = {"services", "family", "meter", "runner"}
"""Fields of a context that are made for the family and not to be used by it."""


def contract() -> str:
    fields = list(attributes(Context))
    if not {field.name for field in fields} >= _OF_SLUICE:
        raise ValueError("A field of Context that is Sluice's own has another name now.")
    context = [a for a in fields if a.name not in _OF_SLUICE]
    others = [getattr(module, name) for name in sorted(module.__all__)]
    given = [cls for cls in others if cls not in {JobFamily, Context, module.Services}]
    signals = [cls for cls in given if isinstance(cls, type) and issubclass(cls, Exception)]
    return "".join(
        [
            f"## JobFamily\n\n{prose(inspect.getdoc(JobFamily) or '')}\n\n",
            f"### Attributes\n\n{_attributes(list(attributes(JobFamily)))}",
            f"### Methods\n\n{_methods(JobFamily)}",
            f"## Context\n\n{prose(inspect.getdoc(Context) or '')}\n\n{_attributes(context)}",
            f"### What it offers\n\n{_methods(Context)}",
            f"### Steps\n\n{prose(inspect.getdoc(StepMethods) or '')}\n\n{_methods(StepMethods)}",
            _methods(EventMethods),
            "## What it may raise\n\n",
            *(f"### {cls.__name__}\n\n{as_markdown(inspect.getdoc(cls) or '')}\n\n"
              for cls in signals),
            "## What it is declared with\n\n",
            *(_declared(one) for one in given if one not in signals),
        ]
    )  # fmt: skip


def _declared(cls: type | FunctionType) -> str:
    if isinstance(cls, FunctionType):
        signature = f"{cls.__name__}{inspect.signature(cls)}".replace("'", "")
        text = as_markdown(inspect.getdoc(cls) or "")
        return f"### {cls.__name__}\n\n```python\n{signature}\n```\n\n{text}\n\n"
    text = as_markdown(_doc(cls))
    fields = list(attributes(cls))
    return f"### {cls.__name__}\n\n{text}\n\n{_attributes(fields) if fields else ''}"


def _doc(cls: type) -> str:
    """Its own docstring, not the one that a dataclass makes of its fields."""
    return "" if (cls.__doc__ or "").startswith(f"{cls.__name__}(") else inspect.getdoc(cls) or ""


def _attributes(found: list[Attribute]) -> str:
    rows = [
        [
            code(one.name),
            code(one.annotation) if one.annotation else "",
            "" if one.default is None else code(one.default),
            prose(one.text),
        ]
        for one in found
    ]
    if any(one.annotation for one in found):
        return table(["name", "type", "default", "meaning"], rows)
    return table(["name", "value", "meaning"], [[row[0], row[2], row[3]] for row in rows])


def _methods(cls: type) -> str:
    return "".join(_method(one) for one in methods(cls))


def _method(one: Method) -> str:
    signature = one.signature.replace("() ->", " ->") if one.is_property else one.signature
    return f"#### {one.name}\n\n```python\n{signature}\n```\n\n{as_markdown(one.text)}\n\n"
