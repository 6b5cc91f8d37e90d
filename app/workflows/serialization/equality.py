"""Whether a value that was read back is the one that was written."""

from __future__ import annotations

import dataclasses
from typing import Any

from pydantic import BaseModel


def same(one: Any, other: Any) -> bool:  # values of families, of any type
    """Equal, and of the same types all the way down: ``1``, ``1.0`` and ``True`` are three values.

    Not a number is the same as nothing, itself included. Moments are the same when they are the
    same instant, however their zone is spelt.
    """
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        # In any order: a jsonb keeps none.
        return len(one) == len(other) and all(
            key in other and same(value, other[key]) for key, value in one.items()
        )
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, BaseModel):
        return bool(one == other) and same(one.__dict__, other.__dict__)
    if dataclasses.is_dataclass(one):
        names = [field.name for field in dataclasses.fields(one)]
        return all(same(getattr(one, name, None), getattr(other, name, None)) for name in names)
    try:
        return bool(one == other)
    except (TypeError, ValueError):  # an array, of which each number is compared by itself
        return False
