"""What a step asks of another family, checked before anything is begun: one item, or a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from app.errors import BadInput
from app.store.tables.runs import Run
from app.workflows.contract.exceptions import StepMisused
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.request import RunRequest, new_run
from app.workflows.serialization.params import KeptParams
from app.workflows.sources.item_ids import checked_id, id_text, texts

ItemId = str | int | UUID
GivenParams = BaseModel | Mapping[str, Any] | None


def family_of(families: Mapping[str, BoundFamily], step: str, name: str) -> BoundFamily:
    """
    Raises:
        StepMisused: there is no such family.
    """
    bound = families.get(name)
    if bound is None:
        known = ", ".join(sorted(families))
        raise StepMisused(f"Step {step!r} asks for family {name!r}. Known are: {known}.")
    return bound


def asked_child(
    step: str, bound: BoundFamily, item_id: ItemId, params: GivenParams
) -> tuple[str, KeptParams]:
    """The id of the child's item, and the params of its run.

    Raises:
        StepMisused: the family takes no such params.
        BadInput: it has no such ids.
    """
    with _taken(step, bound):
        kept = bound.params.keep(_read(bound, params))
    child = checked_id(id_text(item_id, "child()"))
    bound.check_ids([child])
    return child, kept


def asked_run(
    step: str,
    bound: BoundFamily,
    params: GivenParams,
    *,
    force: bool,
    item_ids: Sequence[ItemId] | None,
) -> Run:
    """
    Raises:
        StepMisused: the family takes no such params, or has no such ids.
    """
    with _taken(step, bound):
        read = _read(bound, params)
    try:
        named = None if item_ids is None else texts(item_ids)
        request = RunRequest(params=read, force=force, item_ids=named)
        return new_run(bound, request, started_by=f"step {step}")
    except BadInput as error:
        raise StepMisused(f"Step {step!r}: {error.detail}") from None


def _read(bound: BoundFamily, params: GivenParams) -> BaseModel:
    given = {} if params is None else params
    return given if isinstance(given, bound.family.params) else bound.params.of(given)


@contextmanager
def _taken(step: str, bound: BoundFamily) -> Iterator[None]:
    try:
        yield
    except BadInput as error:
        refused = f"{bound.name} does not take these params: {error.detail}"
        raise StepMisused(f"Step {step!r}: {refused}") from None
