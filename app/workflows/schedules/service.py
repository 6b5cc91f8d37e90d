"""Schedules, as operators look at them and change them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.errors import BadInput, ConfigurationError, Conflict
from app.store.monitoring.audit_actions import AuditAction
from app.store.planning import schedules
from app.store.runs.idempotency import IdempotentCall
from app.store.statuses import Origin
from app.store.tables.schedules import Schedule
from app.workflows.client import WorkflowClient
from app.workflows.contract.cron_expression import check_expression, check_zone
from app.workflows.contract.exceptions import FamilyFailed
from app.workflows.contract.run_options import ScheduleOptions
from app.workflows.keys import name_fault, new_id
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.registry.family_files import FamilyFiles
from app.workflows.runs.start import StartedRun
from app.workflows.schedules.audit import record_change
from app.workflows.schedules.fire_times import next_fire
from app.workflows.schedules.request import run_of
from app.workflows.serialization.params import KeptParams

MOST_SCHEDULES = 1_000


@dataclass(frozen=True, slots=True)
class ScheduleService:
    """Each change answers the schedule as it stands afterwards.

    ``values`` are columns of ``Schedule``: name, expression, tz, params, options, catch_up. What
    cannot be used of them raises BadInput, with the position of a misspelling in ``more``.
    """

    database: AsyncEngine
    client: WorkflowClient
    families: Mapping[str, BoundFamily]
    files: FamilyFiles

    async def create(
        self, family: str, values: Mapping[str, Any], *, by: str, note: str | None = None
    ) -> Schedule:
        """
        Raises:
            BadInput: a value cannot be used, or there is no such family.
            Conflict: the name is taken, or there are too many schedules.
        """
        key = new_id("sch")
        checked = self._checked(family, {"params": {}, **values})
        row = Schedule(
            id=key, family=family, origin=Origin.API, created_by=by, changed_by=by,
            **{"name": key, **checked},
        )  # fmt: skip
        async with self.database.begin() as tx:
            await schedules.lock(tx)
            if await schedules.count(tx) >= MOST_SCHEDULES:
                raise Conflict(f"There are {MOST_SCHEDULES:,} schedules already. Remove one first.")
            await _require_free(tx, row.name, key)
            row.next_at = next_fire(row.expression, row.tz, await schedules.present(tx))
            await schedules.add(tx, row)
            made = await schedules.get(tx, key)
            await record_change(tx, AuditAction.SCHEDULE_CREATED, None, made, by, note)
            return made

    async def edit(
        self, key: str, values: Mapping[str, Any], *, by: str, note: str | None = None
    ) -> Schedule:
        """What is not among ``values`` stays.

        Raises:
            NotFound; BadInput: a value cannot be used.
            Conflict: the code declares it, or the name is taken.
        """
        async with self.database.begin() as tx:
            await schedules.lock(tx)
            row = await schedules.get(tx, key, for_update=True)
            if row.origin == Origin.CODE:
                raise Conflict(
                    f"{key} is declared by the code of {row.family}. Change it there, or pause it"
                    " and add one of your own."
                )
            checked = self._checked(row.family, values, KeptParams(row.params, row.sealed))
            if "name" in checked:
                await _require_free(tx, checked["name"], key)
            if not row.paused and checked.keys() & {"expression", "tz"}:
                expression = checked.get("expression", row.expression)
                now = await schedules.present(tx)
                checked["next_at"] = _behind(row, expression, checked.get("tz", row.tz), now)
            await schedules.change(tx, key, checked, by=by)
            changed = await schedules.get(tx, key)
            await record_change(tx, AuditAction.SCHEDULE_CHANGED, row, changed, by, note)
            return changed

    async def pause(self, key: str, *, paused: bool, by: str, note: str | None = None) -> Schedule:
        """Fire times that pass during a pause are not made up for. Safe to repeat.

        Raises:
            NotFound
        """
        async with self.database.begin() as tx:
            row = await schedules.get(tx, key, for_update=True)
            if row.paused == paused:
                return row
            next_at = None
            if not paused and row.declared:
                next_at = _behind(row, row.expression, row.tz, await schedules.present(tx))
            await schedules.change(tx, key, {"paused": paused, "next_at": next_at}, by=by)
            changed = await schedules.get(tx, key)
            action = AuditAction.SCHEDULE_PAUSED if paused else AuditAction.SCHEDULE_RESUMED
            await record_change(tx, action, row, changed, by, note)
            return changed

    async def remove(self, key: str, *, by: str, note: str | None = None) -> Schedule:
        """Returns what it was. Its runs stay.

        Raises:
            NotFound
            Conflict: the code declares it, and would declare it again.
        """
        async with self.database.begin() as tx:
            row = await schedules.get(tx, key, for_update=True)
            # Without its family nobody declares it again.
            here = row.family in self.families
            if row.origin == Origin.CODE and row.declared and here:
                raise Conflict(
                    f"{key} is declared by the code of {row.family}. Remove it there, or pause it."
                )
            await schedules.remove(tx, key)
            await record_change(tx, AuditAction.SCHEDULE_DELETED, row, None, by, note)
            return row

    async def run_now(self, key: str, *, by: str, once: IdempotentCall | None) -> StartedRun:
        """Start a run as it would, at once; when it fires next stays.

        Raises:
            NotFound
            Conflict: its family is not here any more or refuses it, or see ``trigger_process``.
        """
        async with self.database.connect() as connection:
            row = await schedules.get(connection, key)
        bound = self.families.get(row.family)
        if bound is None:
            raise Conflict(f"{key} is of {row.family}, a family that is not here any more.")
        try:
            request, _ = run_of(bound, row, by=by)
        except (BadInput, FamilyFailed) as error:
            raise Conflict(f"{row.family} does not take this any more. {error.detail}") from error
        return await self.client.trigger_process(bound, request, started_by=by, once=once)

    def _checked(
        self, family: str, values: Mapping[str, Any], before: KeptParams | None = None
    ) -> dict[str, Any]:
        """As the row keeps them.

        Args:
            before: the params that the row has.
        """
        checked = dict(values)
        bound = self.families.get(family)
        if bound is None and ("params" in values or "options" in values):
            raise BadInput(self.files.unknown(family, self.families), field="family")
        checked.update(check_when(values))
        name = values.get("name")
        if name is not None and (fault := name_fault(name, "nightly-paid-users")):
            raise BadInput(f"name {fault}", field="name")
        if bound is not None and "params" in values:
            kept = bound.params.named(values["params"], before)
            checked |= {
                "params": kept.json,
                "sealed": kept.sealed,
                "params_version": kept.version,
            }
        if bound is not None and "options" in values:
            options: ScheduleOptions = values["options"]
            options.of_run(bound.family)
            checked["options"] = options.stored()
        return checked


def check_when(values: Mapping[str, Any]) -> dict[str, str]:
    """``expression`` and ``tz``, as a row keeps them; what is not named is left out.

    Raises:
        BadInput: one of them is misspelt; of an expression ``more["position"]`` says where.
    """
    checked: dict[str, str] = {}
    try:
        if "expression" in values:
            check_expression(values["expression"])
            checked["expression"] = " ".join(values["expression"].split())
        if "tz" in values:
            check_zone(values["tz"])
            checked["tz"] = values["tz"]
    except ConfigurationError as error:
        raise BadInput(error.detail, field=error.field, more=error.more) from error
    return checked


async def _require_free(tx: AsyncConnection, name: str, key: str) -> None:
    taken = await schedules.named(tx, name)
    if taken not in (None, key):
        raise Conflict(f"The name {name!r} is taken by {taken}. Choose another.", field="name")


def _behind(row: Schedule, expression: str, tz: str, now: datetime) -> datetime | None:
    """The next fire time, and not one that has fired: the clock may have been set back since."""
    return next_fire(expression, tz, max(now, row.last_fired_at or now))
