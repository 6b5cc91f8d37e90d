"""What layer 1 is asked, and the run that comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from app.errors import BadInput
from app.store.tables.base import Json
from app.store.tables.runs import Run
from app.workflows.contract.run_options import RunOptions, options_of
from app.workflows.keys import handed_over, new_id
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.sources.item_ids import checked_ids


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """``item_ids``: exactly these, instead of what is eligible; whole numbers and UUIDs count as
    their texts. ``item_list``: likewise, by the id of a list that was made before. ``entity``: this
    one alone, which its caller hands over and which has no row. ``retry_of``,
    ``retry``: those items of an earlier run, and ``origin`` the first of their chain; ``version``:
    of the family, if what its items remember may be of an earlier one. ``follows``: the run that it
    comes of, and that does not wait for it. ``options``: None: the family's own. ``why``: what the
    run's first event tells beside who started it; ``note``: likewise, in the words of who did."""

    params: BaseModel
    force: bool = False
    limit: int | None = None
    item_ids: Sequence[str] | None = None
    item_list: str | None = None
    entity: BaseModel | None = None
    options: RunOptions | None = None
    retry_of: str | None = None
    retry: Json | None = None
    origin: str | None = None
    version: int | None = None
    follows: str | None = None
    why: Json | None = None
    note: str | None = None

    def __post_init__(self) -> None:
        """
        Raises:
            SourceMisused: one of ``item_ids`` is no id.
            BadInput: an entity is named beside items that are there.
        """
        if self.entity is not None and (self.item_ids or self.item_list or self.limit):
            raise BadInput(
                "An entity of one's own is the only item of its run. Leave out which others, or how"
                " many, it is for.",
                field="entity",
            )
        if self.item_ids is not None:
            ids = checked_ids(list(self.item_ids), "item_ids")
            object.__setattr__(self, "item_ids", ids)


def new_run(bound: BoundFamily, request: RunRequest, *, started_by: str) -> Run:
    """For ``app.workflows.runs.start.start``.

    Raises:
        BadInput: the params, or the entity, would not be the same when they are read back, or the
            family takes none, or an id is none of the family's.
    """
    bound.check_ids(request.item_ids)
    options = request.options or options_of(bound.family)
    params, entity = bound.params.keep(request.params), bound.keep_entity(request.entity)
    run_id, ids = new_id("run"), request.item_ids
    if entity is not None and request.retry_of is None:
        ids = [handed_over(run_id)]
    return Run(
        id=run_id,
        family=bound.name,
        params=params.json,
        sealed=params.sealed,
        params_version=params.version,
        entity=None if entity is None else entity.json,
        entity_sealed=None if entity is None else entity.sealed,
        version=request.version or bound.family.version,
        force=request.force or entity is not None,
        item_limit=request.limit,
        item_ids=None if ids is None else list(ids),
        item_list=request.item_list,
        options=options.stored(),
        retry_of=request.retry_of,
        retry=request.retry,
        origin=request.origin,
        follows=request.follows,
        started_by=started_by,
    )
