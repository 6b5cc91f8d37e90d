"""What a caller asks, as the service takes it: in JSON, by names as Python has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from sluice.models import RunOptions

Ids = Sequence[str] | Sequence[int]
Params = BaseModel | Mapping[str, Any]
Entity = BaseModel | Mapping[str, Any]
Body = dict[str, Any]  # JSON


def process_body(
    params: Params | None,
    named: Mapping[str, Any],
    force: bool,
    limit: int | None,
    item_ids: Ids | None,
    item_list: str | None,
    options: RunOptions | None,
    entity: Entity | None = None,
) -> Body:
    """
    Raises:
        ValueError: what is named cannot be told apart, or has no form in JSON.
    """
    if isinstance(item_ids, str):
        raise ValueError("item_ids must be a list of ids.")  # noqa: TRY004 - as of what it holds
    return {
        **(options or {}),
        "force": force,
        "limit": limit,
        "item_ids": None if item_ids is None else list(item_ids),
        "item_list": item_list,
        "entity": None if entity is None else as_json(entity),
        "params": _params(params, named),
    }


def sample_body(
    params: Params | None,
    named: Mapping[str, Any],
    force: bool,
    limit: int | None,
    item_ids: Ids | None,
    item_list: str | None,
    **asked: Any,  # what a sample may be told beside that
) -> Body:
    """
    Raises:
        ValueError: as ``process_body``.
    """
    body = process_body(params, named, force, limit, item_ids, item_list, None)
    del body["entity"]
    return body | {name: value for name, value in asked.items() if value is not None}


def execute_body(item: str | int | Entity, params: Params | None, named: Mapping[str, Any]) -> Body:
    """
    Raises:
        ValueError: as ``process_body``.
    """
    what = {"itemId": item} if isinstance(item, str | int) else {"entity": as_json(item)}
    return {**what, "params": _params(params, named)}


def new_key() -> str:
    """An idempotency key of one call's own."""
    return str(uuid4())


def as_json(whole: BaseModel | Mapping[str, Any]) -> Body:
    """
    Raises:
        ValueError: it has no form in JSON.
    """
    if isinstance(whole, BaseModel):
        return whole.model_dump(mode="json", by_alias=True)
    found: Body = to_jsonable_python(dict(whole))
    return found


def _params(whole: Params | None, named: Mapping[str, Any]) -> Body:
    if whole is not None and named:
        raise ValueError("Hand over params as an object or by their names, not both.")
    return as_json(named if whole is None else whole)
