"""The memories of the families that declare ``existing = Remembered(…)``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from app.errors import Conflict
from app.store.items import result_memory
from app.store.items.result_memory import ResultMemory
from app.store.monitoring import audit
from app.store.monitoring.audit_actions import AuditAction, AuditSubject
from app.workflows.contract.job_family import AnyFamily
from app.workflows.contract.result_memory import RememberedResults
from app.workflows.registry.bound_family import BoundFamily

MOST_TOLD = 20
"""Ids of what was forgotten that the audit tells."""

log = structlog.get_logger("sluice.families")


def declared(families: Iterable[AnyFamily]) -> dict[str, RememberedResults]:
    """What they say, by family; those that say nothing are left out."""
    said: dict[str, object] = {family.name: family.existing for family in families}
    return {name: one for name, one in said.items() if isinstance(one, RememberedResults)}


async def open_memories(
    database: AsyncEngine, by_key: AsyncEngine, families: Iterable[AnyFamily]
) -> dict[str, ResultMemory]:
    """By family. Safe to repeat, and at the start of several processes at once; former names have
    been taken along.

    Args:
        by_key: of which the plans are by index.
    """
    every = {family.name: family for family in families}
    said = declared(every.values())
    if not said:
        return {}
    async with database.begin() as tx:
        known = await result_memory.register(tx, {name: every[name].version for name in said})
    for name, found in known.items():
        if found.version > every[name].version:
            log.warning(
                "version_lowered", family=name, version=every[name].version, former=found.version
            )
    return {
        name: ResultMemory(known[name].id, every[name].version, one.within, by_key)
        for name, one in said.items()
    }


async def forget(
    database: AsyncEngine,
    bound: BoundFamily,
    item_ids: Sequence[str] | None,
    *,
    by: str,
    note: str | None = None,
) -> int | None:
    """Let items count as not done, whatever the params; nothing is executed by that.

    Args:
        item_ids: None: all.

    Returns:
        Of how many anything was remembered; None: nobody has counted.

    Raises:
        Conflict: the family remembers nothing.
        BadInput: one of them is no id of this family.
    """
    if bound.memory is None:
        raise Conflict(
            f"{bound.name} remembers no results: it does not say existing = Remembered(…). What its"
            " existing() reads is to be deleted where that is."
        )
    bound.check_ids(item_ids)
    async with database.begin() as tx:
        number, told = None, None
        if item_ids is None:
            await result_memory.forget_all(tx, bound.memory)
        else:
            named = sorted(set(item_ids))
            number = await result_memory.forget(tx, bound.memory, named)
            told = {"items": len(named), "forgotten": number, "itemIds": named[:MOST_TOLD]}
        if number != 0:
            await audit.record(
                tx, AuditAction.RESULTS_FORGOTTEN, AuditSubject.FAMILY, bound.name,
                who=by, after=told, family=bound.name, note=note,
            )  # fmt: skip
    return number
