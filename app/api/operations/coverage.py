"""How much of a family's work is done: now, and over the last days."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path, Query
from pydantic import BaseModel

from app import exact_json
from app.api.dependencies import LongCall, State, bearer
from app.api.routing import Router
from app.errors import BadInput, NotFound, full_stop
from app.schemas.coverage import CoverageAnswer, CoverageDayView, CoverageView
from app.store.database import reading
from app.store.monitoring import coverage
from app.workflows.monitoring.coverage import defaults
from app.workflows.registry.bound_family import BoundFamily

router = Router(prefix="/api/families", tags=["families"], dependencies=[Depends(bearer)])

Params = Annotated[
    str | None, Query(max_length=4_000, description="the family's params, as JSON; else its own")
]
Now = Annotated[bool, Query(description="count; without it only what was recorded is answered")]


@router.get("/{family}/coverage")
async def get_coverage(
    family: Annotated[str, Path(max_length=100)],
    state: State,
    long: LongCall,
    params: Params = None,
    now: Now = True,
) -> CoverageAnswer:
    """How many of the eligible items have a result, counted as by a dry run. For a family that
    needs params, name them."""
    bound = state.families.get(family)
    if bound is None:
        raise NotFound(state.family_files.unknown(family, state.families))
    own = params is None and not now
    asked = defaults(bound) if own else _params(bound, params)
    kept = None if asked is None else bound.params.keep(asked)
    found = None
    if now and asked is not None:
        async with long.counting():
            found = await state.coverage.now(bound, asked)
    async with reading(state.database) as connection:
        rows = await coverage.days(connection, family)
    return CoverageAnswer(
        family=family,
        params=None if kept is None else kept.json,
        now=found
        and CoverageView(eligible=found.eligible, with_result=found.with_result, exact=found.exact),
        days=[CoverageDayView.of(row) for row in rows],
    )


def _params(bound: BoundFamily, text: str | None) -> BaseModel:
    try:
        return bound.params.of(exact_json.loads(text or "{}"))
    except ValueError as error:
        raise BadInput(f"params: {full_stop(str(error))}", field="params") from None
