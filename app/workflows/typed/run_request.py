"""What code asks of a run, as the triggers take it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from uuid import UUID

from pydantic import BaseModel

from app.errors import BadInput
from app.store.runs.idempotency import IdempotentCall
from app.workflows.contract.run_options import RunOptions, options_of
from app.workflows.registry.bound_family import BoundFamily, no_entity
from app.workflows.runs.request import RunRequest
from app.workflows.sources.item_ids import texts
from app.workflows.typed.keyword_params import params_of

Ids = Sequence[str] | Sequence[int] | Sequence[UUID]


def run_request(
    bound: BoundFamily,
    whole: BaseModel | None,
    named: Mapping[str, object],
    *,
    dry_run: bool = False,
    force: bool = False,
    limit: int | None = None,
    item_ids: Ids | None = None,
    item_list: str | None = None,
    options: RunOptions | None = None,
    entity: BaseModel | None = None,
    beside: Mapping[str, object] = MappingProxyType({}),
) -> RunRequest:
    """
    Args:
        beside: further options of the call, by name.

    Raises:
        BadInput: see ``params_of``; or an option cannot be used.
    """
    flags = {"dry_run": dry_run or None, "force": force or None}
    values = {"limit": limit, "item_ids": item_ids, "item_list": item_list, "options": options}
    if limit is not None and limit < 1:
        raise BadInput("limit must be 1 or more.", field="limit")
    if item_ids is not None and item_list is not None:
        raise BadInput("Name either item_ids or item_list, not both.", field="item_list")
    asked = {name for name, value in {**flags, **values, **beside}.items() if value is not None}
    return RunRequest(
        params=params_of(bound, whole, named, asked=asked),
        force=force,
        limit=limit,
        item_ids=None if item_ids is None else texts(item_ids),
        item_list=item_list,
        entity=entity,
        options=merged(bound, options),
    )


def merged(bound: BoundFamily, options: RunOptions | None) -> RunOptions:
    """What is not set of them is as the family says."""
    named = () if options is None else options.model_fields_set
    return options_of(bound.family, **{name: getattr(options, name) for name in named})


def entity_of(bound: BoundFamily, entity: object) -> BaseModel:
    """
    Raises:
        BadInput: the family takes none, or another one.
    """
    kind = bound.family.invokes
    if kind is not None and not isinstance(entity, kind):
        raise BadInput(
            f"{bound.name} takes an entity as {kind.__qualname__}, and not as"
            f" {type(entity).__qualname__}.",
            field="entity",
        )
    if kind is None or not isinstance(entity, BaseModel):
        raise BadInput(f"{no_entity(bound.family)}.", field="entity")
    return entity


def once_under(
    key: str | None, bound: BoundFamily, request: RunRequest, caller: str
) -> IdempotentCall | None:
    """By what the call is known under its key; None: it has none."""
    if key is None:
        return None
    ids = None if request.item_ids is None else list(request.item_ids)
    options = None if request.options is None else request.options.stored()
    beside = [bound.name, request.force, request.limit, ids, request.item_list, options]
    if request.entity is not None and bound.entities is not None:
        beside.append(bound.entities.fingerprint(request.entity, "").hex())
    told = bound.params.fingerprint(request.params, json.dumps(beside, sort_keys=True))
    return IdempotentCall(caller, key, told)
