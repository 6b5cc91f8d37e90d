"""What a backfill would run over: the partitions of a family between two moments, with the params
of each run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import BadInput
from app.store.planning import backfill_history
from app.store.statuses import BackfillMode
from app.workflows.contract.partitions import MOST_PARTITIONS, USUAL_ACTIVE, Partition, Partitioning
from app.workflows.contract.run_options import RunOptions
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.registry.family_call import told
from app.workflows.serialization.params import KeptParams


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillRequest:
    """``since``: in, ``until``: out, both in UTC. ``params``: of every run, beside those that make
    the partitions; as JSON names them."""

    since: datetime
    until: datetime
    which: BackfillMode = BackfillMode.MISSING
    max_active: int = USUAL_ACTIVE
    reverse: bool = False
    force: bool = False
    params: Mapping[str, Any] = field(default_factory=dict)
    options: RunOptions | None = None


@dataclass(frozen=True, slots=True)
class BackfillPlan:
    """``runs``: the params of each run by the key of its partition, in their order; ``done``: how
    many partitions are left out, because of what earlier runs came to. ``params``: what was asked
    of all runs, and the secrets of each."""

    runs: Mapping[str, KeptParams]
    done: int
    params: KeptParams


async def plan(tx: AsyncConnection, bound: BoundFamily, request: BackfillRequest) -> BackfillPlan:
    """
    Raises:
        BadInput: the family has no partitions, or too many there; or it refuses the params.
    """
    partitions = _cut(bound, request)
    wanted = {one.key: _params(bound, one, request.params) for one in partitions}
    left = dict(wanted)
    if partitions and request.which is not BackfillMode.ALL:
        fields = [alias_of(bound.family.params, name) for name in partitions[0].params]
        shown = {key: kept.json for key, kept in wanted.items()}
        found = await backfill_history.before(tx, bound.name, fields, shown)
        for key, before in found.items():
            well = before.succeeded
            if request.which is BackfillMode.MISSING_AND_FAILED:
                well = well and before.latest == "succeeded"
            if well:
                del left[key]
    runs = dict(reversed(left.items())) if request.reverse else left
    return BackfillPlan(
        runs, len(wanted) - len(left), _asked(bound, request, next(iter(wanted.values()), None))
    )


def _cut(bound: BoundFamily, request: BackfillRequest) -> Sequence[Partition]:
    cut: Partitioning | None = bound.family.partitions
    if cut is None:
        raise BadInput(
            f"{bound.name} has no partitions. Let the family declare them, such as"
            " partitions = Daily(), or start a run.",
            field="family",
        )
    if request.since >= request.until:
        raise BadInput("from must be before to, which is not included.", field="from")
    with told(bound.name, "partitions()"):
        found = cut(request.since, request.until)
    if len(found) > MOST_PARTITIONS:
        raise BadInput(
            f"There are more than {MOST_PARTITIONS:,} partitions. Take a part of them.", field="to"
        )
    return found


def _params(bound: BoundFamily, partition: Partition, asked: Mapping[str, Any]) -> KeptParams:
    kind = bound.family.params
    own = {alias_of(kind, name): value for name, value in partition.params.items()}
    taken = own.keys() & asked.keys()
    if taken:
        raise BadInput(f"{min(taken)} is the partition's own. Leave it out.", field="params")
    return bound.params.keep(bound.params.of({**asked, **own}))


def _asked(bound: BoundFamily, request: BackfillRequest, kept: KeptParams | None) -> KeptParams:
    """Of one run's params those that were asked for: as they may be shown."""
    if kept is None:
        return KeptParams({})
    names = [alias_of(bound.family.params, name) for name in request.params]
    return KeptParams({name: kept.json[name] for name in names if name in kept.json}, kept.sealed)


def alias_of(kind: type[BaseModel], name: str) -> str:
    """The param as JSON names it."""
    field = kind.model_fields.get(name)
    return name if field is None else field.serialization_alias or field.alias or name
