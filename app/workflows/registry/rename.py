"""Families that were called something else before: what is kept under that name is taken along."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from app.engine import Engine
from app.errors import ConfigurationError
from app.store import family_rename
from app.workflows.contract.job_family import AnyFamily
from app.workflows.contract.steps.batched_method import batched_methods
from app.workflows.keys import Layer, family_schedule, flow_key, method_key

log = structlog.get_logger("sluice.families")


def former_names(family: AnyFamily) -> tuple[str, ...]:
    return (family.rename,) if isinstance(family.rename, str) else tuple(family.rename)


def check_renames(families: Mapping[str, AnyFamily]) -> None:
    """
    Raises:
        ConfigurationError: a former name is a family's that is there, or two claim it.
    """
    claimed: dict[str, str] = {}
    for name, family in families.items():
        for former in former_names(family):
            if former == name:
                raise ConfigurationError(
                    f"{name}: rename says what the family was called before, and not {name!r}"
                    " again."
                )
            if former in families:
                raise ConfigurationError(
                    f"{name}: rename = {former!r} names a family that is there. Remove that one, or"
                    " leave rename out."
                )
            if former in claimed:
                raise ConfigurationError(
                    f"{name} and {claimed[former]} both say rename = {former!r}. Only one of them"
                    " can take over what is kept under that name."
                )
            claimed[former] = name


async def take_along(database: AsyncEngine, engine: Engine, families: Iterable[AnyFamily]) -> None:
    """Safe to repeat, and at the start of several processes at once.

    Flow keys in Redis hold leases alone, which end by themselves.
    """
    families = list(families)
    methods = {family.name: batched_methods(type(family)) for family in families}
    renamed = [(former, family.name) for family in families for former in former_names(family)]
    if not renamed:
        return
    async with database.begin() as tx:
        await family_rename.lock(tx)
        for old, new in renamed:
            schedule = (family_schedule(old), family_schedule(new))
            number = await family_rename.move(tx, old, new, schedule=schedule)
            for layer in Layer:
                keys = flow_key(old, layer), flow_key(new, layer)
                await family_rename.move_override(tx, *keys)
                await engine.rename(tx, *keys)
            for method in methods[new]:
                await family_rename.move_override(tx, *(method_key(f, method) for f in (old, new)))
            if number:
                log.info("family_renamed", family=new, former=old, runs=number)
