"""Runs that begin because another family's has succeeded: in the transaction that ends it, so that
whoever dies, a run has its followers or has not ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import structlog
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine import Engine
from app.errors import BadInput, ConfigurationError, Conflict
from app.store.runs import events, runs
from app.store.runs.events import SLUICE
from app.store.statuses import EventKind, RunStatus
from app.store.tables.runs import Run
from app.workflows.contract.after import After, in_full
from app.workflows.contract.exceptions import FamilyFailed
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.registry.family_call import told
from app.workflows.registry.param_types import check_param
from app.workflows.runs.request import RunRequest, new_run
from app.workflows.runs.start import start_run
from app.workflows.serialization.params import KeptParams

_SOME_FAILED = (RunStatus.PARTIAL, RunStatus.FAILED)

log = structlog.get_logger("sluice.run")


def check_chains(families: Mapping[str, BoundFamily]) -> None:
    """
    Raises:
        ConfigurationError: a family comes after one that is not there, or, by way of others, after
            itself; or it takes a param that is none, or that is a secret.
    """
    for name, bound in families.items():
        for after in in_full(bound.family.after):
            former = families.get(after.family)
            if former is None:
                raise ConfigurationError(
                    f"{name} comes after {after.family!r}, and there is no such family. There are:"
                    f" {', '.join(sorted(families))}."
                )
            for own, theirs in after.taken.items():
                for one, param in ((bound, own), (former, theirs)):
                    check_param(
                        one.family.params,
                        param,
                        whose=f"after: {one.name}",
                        secret=f"after: the param {param!r} of {one.name} is a secret, which"
                        " stays.",
                    )
    for name in families:
        _check_no_circle(families, name, [name])


def _check_no_circle(families: Mapping[str, BoundFamily], first: str, way: list[str]) -> None:
    for after in in_full(families[way[-1]].family.after):
        if after.family == first:
            circle = " after ".join([*way, first])
            raise ConfigurationError(f"Families come after one another in a circle: {circle}.")
        if after.family not in way:
            _check_no_circle(families, first, [*way, after.family])


async def start_followers(
    engine: Engine, families: Mapping[str, BoundFamily], tx: AsyncConnection, run: Run
) -> None:
    """Start the families that come ``after`` the family of this run, which has just ended. A run
    over named ids, with a limit, or for an entity that was handed over is not all of its family's
    work, and is not followed. A retry of all failed items of another run counts as that run
    would."""
    if run.status != RunStatus.SUCCEEDED:
        return
    following = [
        (bound, after)
        for bound in families.values()
        for after in in_full(bound.family.after)
        if after.family == run.family
    ]
    if not following or not await _is_over_all(tx, run):
        return
    for bound, after in following:
        await _start(engine, tx, families[run.family], bound, after, run)


async def _is_over_all(tx: AsyncConnection, run: Run) -> bool:
    while run.retry_of is not None:
        former = await runs.find(tx, run.retry_of)
        if former is None or not former.paged or former.status not in _SOME_FAILED:
            return False
        if run.scheduled < former.failed + former.timed_out:
            return False
        run = former
    return run.entity is None and not (run.item_limit is not None or run.item_ids or run.item_list)


async def _start(
    engine: Engine,
    tx: AsyncConnection,
    former: BoundFamily,
    bound: BoundFamily,
    after: After,
    run: Run,
) -> None:
    try:
        with told(bound.name, "params"):
            params = bound.params.of(_params(former, bound, after, run))
            request = RunRequest(params=params, follows=run.id, why={"after": run.id})
            new = new_run(bound, request, started_by=SLUICE)
        async with tx.begin_nested():
            started = await start_run(tx, engine, bound, new, why=request.why)
    except (BadInput, Conflict, FamilyFailed) as refused:
        # The run has succeeded all the same; what did not follow is said where it ended.
        detail = f"{bound.name} does not follow: {refused.detail}"
        log.warning("run_not_followed", run=run.id, family=bound.name, reason=refused.detail)
        await events.append(tx, run.id, EventKind.FOLLOWED, detail=detail)
        return
    data = {"runId": started.run_id, "family": bound.name}
    await events.append(tx, run.id, EventKind.FOLLOWED, data=data)
    log.info("run_followed", run=run.id, family=bound.name, by=started.run_id)


def _params(
    former: BoundFamily, bound: BoundFamily, after: After, run: Run
) -> dict[str, Any]:  # JSON
    """As the code reads them now, whatever it was when the run began."""
    if not after.taken:
        return {}
    read = former.params.read(KeptParams(run.params, run.sealed, run.params_version))
    theirs, kept = former.family.params, former.params.keep(read).json
    return {
        _alias(bound.family.params, own): kept[_alias(theirs, name)]
        for own, name in after.taken.items()
    }


def _alias(kind: type[BaseModel], name: str) -> str:
    return kind.model_fields[name].alias or name
