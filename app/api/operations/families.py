"""Which families there are, and what they take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from fastapi import Depends

from app.api.dependencies import State, bearer
from app.api.routing import Router
from app.api.workflows import every_route_of
from app.schemas.families import AfterView, FamiliesAnswer, FamilyView, PartitionsView
from app.store.database import reading
from app.store.planning import schedules
from app.store.runs import runs
from app.workflows.backfills.plan import alias_of
from app.workflows.contract.after import in_full
from app.workflows.contract.job_family import AnyFamily
from app.workflows.family import Daily, Hourly, Monthly
from app.workflows.registry.bound_family import BoundFamily

router = Router(prefix="/api/families", tags=["families"], dependencies=[Depends(bearer)])

_UNITS: Final = ((Daily, "day"), (Hourly, "hour"), (Monthly, "month"))


@router.get("")
async def list_families(state: State) -> FamiliesAnswer:
    families = sorted(state.families.values(), key=lambda bound: bound.name)
    async with reading(state.database) as connection:
        last = await runs.latest(connection, list(state.families))
        due = await schedules.next_by_family(connection)
    return FamiliesAnswer(
        families=[
            FamilyView.of(
                bound.family,
                every_route_of(bound.family),
                _partitions(bound.family),
                _after(bound.family, state.families),
                last.get(bound.name),
                due.get(bound.name),
            )
            for bound in families
        ],
        newer_files=state.family_files.newer(),
    )


def _after(family: AnyFamily, families: Mapping[str, BoundFamily]) -> list[AfterView]:
    return [
        AfterView(
            family=after.family,
            params={
                alias_of(family.params, own): alias_of(families[after.family].family.params, theirs)
                for own, theirs in after.taken.items()
            },
        )
        for after in in_full(family.after)
    ]


def _partitions(family: AnyFamily) -> PartitionsView | None:
    cut = family.partitions
    if cut is None:
        return None
    for kind, unit in _UNITS:
        if isinstance(cut, kind):
            return PartitionsView(unit=unit, param=alias_of(family.params, cut.param))
    return PartitionsView(unit=None, param=None)
