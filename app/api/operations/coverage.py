"""How much of a family's work is done: now, and over the last days."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Self

from fastapi import Depends, Path, Query
from pydantic import BaseModel, Field

from app import exact_json
from app.api.dependencies import State, bearer
from app.api.routing import Router
from app.errors import BadInput, NotFound, full_stop
from app.schemas.base import Answer, View
from app.store.database import reading
from app.store.monitoring import coverage
from app.store.tables.coverage import Coverage
from app.workflows.monitoring.coverage import defaults
from app.workflows.registry.bound_family import BoundFamily

router = Router(prefix="/api/families", tags=["families"], dependencies=[Depends(bearer)])

Params = Annotated[
    str | None, Query(max_length=4_000, description="the family's params, as JSON; else its own")
]
Now = Annotated[bool, Query(description="count; without it only what was recorded is answered")]


class CoverageView(View):
    eligible: int
    with_result: int
    exact: bool = Field(description="false: extrapolated, because the count took too long")


class CoverageDayView(CoverageView):
    day: date = Field(description="in UTC")

    @classmethod
    def of(cls, row: Coverage) -> Self:
        return cls(**row.model_dump(include=set(cls.model_fields)))


class CoverageAnswer(Answer):
    family: str
    params: dict[str, Any] | None = Field(  # as the family declares them
        description="null: the family needs some, and none were named"
    )
    now: CoverageView | None = Field(
        description="null: it was not asked for, or the family does not tell what has a result"
    )
    days: list[CoverageDayView] = Field(
        description="the last 90 on which something was recorded, the oldest first, with the"
        " family's own params"
    )


@router.get("/{family}/coverage")
async def get_coverage(
    family: Annotated[str, Path(max_length=100)],
    state: State,
    params: Params = None,
    now: Now = True,
) -> CoverageAnswer:
    """How many of the eligible have a result, as a dry run counts them. To count for a family that
    needs params, name them."""
    bound = state.families.get(family)
    if bound is None:
        raise NotFound(state.family_files.unknown(family, state.families))
    own = params is None and not now
    asked = defaults(bound) if own else _params(bound, params)
    kept = None if asked is None else bound.params.keep(asked)
    found = await state.coverage.now(bound, asked) if now and asked is not None else None
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
