"""What may be an item's id, and ids as a driver or an API gives them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast
from uuid import UUID

from app.errors import BadInput
from app.workflows.keys import all_fit, id_fault
from app.workflows.sources.errors import SourceMisused

LONGEST_PARTITION = 200
"""Characters."""


def checked_id(item_id: str) -> str:
    """
    Raises:
        SourceMisused: it cannot be an item's id.
    """
    fault = id_fault(item_id)
    if fault is not None:
        raise SourceMisused(f"An item id {fault}.")
    return item_id


def checked_ids(values: Sequence[object], answerer: str) -> list[str]:
    """A page of ids, as items are known by them.

    Raises:
        SourceMisused: as ``id_text`` and ``checked_id``, of the first that is wrong.
    """
    if set(map(type, values)) <= {str}:
        ids = cast("list[str]", list(values))
    else:
        ids = [id_text(value, answerer) for value in values]
    if not all_fit(ids):
        for item_id in ids:
            checked_id(item_id)
    return ids


def checked_partition(name: str | None) -> str:
    """Of an item; empty: it has none.

    Raises:
        SourceMisused: it is too long.
    """
    if name is None:
        return ""
    if len(name) > LONGEST_PARTITION or "\0" in name:
        raise SourceMisused(
            f"eligible() gives a partition of {len(name)} characters, {name[:40]!r}…: one has"
            f" at most {LONGEST_PARTITION}. Select a shorter one, such as an id or md5()."
        )
    return name


def id_text(value: object, answerer: str) -> str:
    """An id as an item is known by it.

    Args:
        answerer: the family's method that gave it, for the sentence.

    Raises:
        SourceMisused: it is neither text nor a whole number nor a UUID.
    """
    if isinstance(value, str):
        return str.__str__(value)  # an enum that is a text prints its name
    if isinstance(value, UUID) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value)
    raise SourceMisused(
        f"{answerer} gave {repr(value)[:60]}, of the type {type(value).__name__}, as an id. An id"
        " is text, a whole number or a UUID."
    )


def texts(item_ids: Sequence[str | int | UUID]) -> list[str]:
    """Ids that code names.

    Raises:
        BadInput: there is none.
    """
    if isinstance(item_ids, str) or not item_ids:
        raise BadInput("item_ids must be a list of one id or more.", field="item_ids")
    return [id_text(one, "item_ids") for one in item_ids]


def ids_answered(answer: object) -> set[str]:
    """What ``existing`` answered, by which items are known. None in it is nobody's id, as NULL is.

    Raises:
        SourceMisused: it is no collection of ids.
    """
    if isinstance(answer, str | bytes) or not isinstance(answer, Iterable):
        raise SourceMisused(
            f"existing() answered {repr(answer)[:60]}. It must answer a collection of ids: those"
            " that have a result."
        )
    return {id_text(value, "existing()") for value in answer if value is not None}
