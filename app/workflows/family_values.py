"""Which classes a family uses, so that its steps may be given them and return them."""

from __future__ import annotations

import dataclasses
import inspect
import sys
from enum import Enum
from typing import get_type_hints

from pydantic import BaseModel

from app.workflows.family import AnyFamily, JobFamily
from app.workflows.http_answer import HttpAnswer
from app.workflows.values import Values


def values_of(family: AnyFamily) -> Values:
    """Knows the enums, dataclasses and models that the family's file defines or imports, and those
    that its methods name."""
    values = Values()
    values.use(HttpAnswer)
    kind = type(family)
    module = sys.modules.get(kind.__module__)
    for member in vars(module).values() if module is not None else ():
        if inspect.isclass(member) and _is_data(member):
            values.use(member)
    for base in kind.__mro__:
        if base in (JobFamily, object):
            continue
        values.use(*getattr(base, "__orig_bases__", ()))
        for method in vars(base).values():
            if inspect.isfunction(method):
                values.use(*_hints(method))
    return values


def _is_data(kind: type) -> bool:
    return issubclass(kind, (BaseModel, Enum)) or dataclasses.is_dataclass(kind)


def _hints(method: object) -> tuple[object, ...]:
    try:
        return tuple(get_type_hints(method).values())
    except (NameError, TypeError):  # names that only a type checker sees
        return ()
