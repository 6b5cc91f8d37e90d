"""What is asked of a run over items of an earlier one."""

from __future__ import annotations

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncEngine

from app.errors import BadInput, Conflict
from app.store.database import reading
from app.store.items import failures
from app.store.items.failures import RetrySelection
from app.store.statuses import ENDED
from app.store.tables.runs import Run
from app.workflows.contract.run_options import RunOptions
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.registry.family_call import told
from app.workflows.runs.request import RunRequest
from app.workflows.serialization.params import KeptParams


async def retry_request(
    database: AsyncEngine,
    bound: BoundFamily,
    run: Run,
    which: RetrySelection,
    options: RunOptions,
    *,
    fresh: bool,
) -> RunRequest:
    """
    Args:
        fresh: without the steps that the items remember.

    Raises:
        Conflict: no such item, params that do not fit, or an entity, or there may be more of them,
            or it is the finish of a run.
    """
    if run.finish_of is not None:
        raise Conflict(
            f"Run {run.id} is the finish of run {run.finish_of}. Run that one's finish once more,"
            f" when it has ended: POST /api/runs/{run.finish_of}/finish."
        )
    params, entity = _read(bound, run)
    if options.approval and run.status not in ENDED:
        raise Conflict(
            f"Run {run.id} is {run.status}, so more of its items may end. A retry that asks for"
            " an approval begins when it has ended: wait for that, or cancel it."
        )
    async with reading(database) as connection:
        number = await failures.count_chosen(connection, run.id, which)
    if number == 0:
        raise Conflict(f"Run {run.id} has no such items, so there is nothing to retry.")
    return RunRequest(
        params=params,
        entity=entity,
        force=True,
        options=options,
        retry_of=run.id,
        origin=run.origin or run.id,
        version=None if fresh else min(run.version, bound.family.version),
        # With their number, so that a repeated call is told the same one.
        retry=which.model_dump(mode="json", exclude_none=True) | {"items": number, "fresh": fresh},
    )


def _read(bound: BoundFamily, run: Run) -> tuple[BaseModel, BaseModel | None]:
    """Its params and its entity.

    Raises:
        Conflict: the family's code is another by now, and does not take them; names the field.
    """
    what, do = "params", "let its migrate_params convert them, bring back code that takes them"
    try:
        with told(bound.name, what):  # the author's own validators
            params = bound.params.read(KeptParams(run.params, run.sealed, run.params_version))
        what, do = "entity", "bring back code that takes it"
        with told(bound.name, what):
            return params, bound.read_entity(run.entity, run.entity_sealed)
    except BadInput as error:
        raise Conflict(
            f"{run.family} does not take the {what} of run {run.id} any more: {error.detail}"
            f" Correct its code: {do}; or start a new run.",
            field=error.field,
            more=error.more,
        ) from error
