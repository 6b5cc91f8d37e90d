"""``eligible-refused``, ``ids-not-unique`` and ``ids-without-index``: what ``eligible`` selects."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
from pydantic import BaseModel, ValidationError
from sqlalchemy import Column, Index, Table, UniqueConstraint
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.errors import SluiceError, full_stop
from app.workflows.checks.family_code import FamilyCode
from app.workflows.checks.findings import Findings, Rule
from app.workflows.contract.cron import Cron
from app.workflows.contract.job_family import overridden
from app.workflows.registry.family_call import told
from app.workflows.sources.page_plan import sorted_by_index
from app.workflows.sources.sql_source import SqlSource, columns_of

LONGEST = 30.0
"""Seconds for all that is asked of the database."""


async def check_eligible(code: FamilyCode, database: AsyncEngine | str, findings: Findings) -> None:
    """
    Args:
        database: in which its tables are; or a sentence that says why there is none.
    """
    family = code.family
    if "eligible" not in overridden(family, ("eligible",)):
        return
    params = params_to_try(code)
    if params is None:
        reason = "The family's params have no defaults to call eligible() with."
        for rule in (Rule.ELIGIBLE_REFUSED, Rule.IDS_NOT_UNIQUE, Rule.IDS_WITHOUT_INDEX):
            findings.skip(rule, reason)
        return
    place = code.place_of("eligible")
    try:
        with told(family.name, "eligible()"):
            statement = family.eligible(params)
        _, partition = columns_of(statement)
    except SluiceError as error:
        findings.error(Rule.ELIGIBLE_REFUSED, place, full_stop(error.detail))
        return
    if partition is None and family.flow.execute.partitioned:
        findings.error(
            Rule.ELIGIBLE_REFUSED,
            place,
            "It selects the id alone, and the family's flow limits each partition of its items."
            " Select the partition beside the id, as a second column.",
        )
    if (column := repeated_column(statement)) is not None:
        findings.warning(
            Rule.IDS_NOT_UNIQUE,
            place,
            f"{column.table.name}.{column.name} is not unique, so that an id may be selected many"
            " times, and counts once. Select a column that is, or say .distinct() if it is meant.",
        )
    if isinstance(database, str):
        findings.skip(Rule.IDS_WITHOUT_INDEX, database)
        return
    try:
        async with asyncio.timeout(LONGEST):
            quick = await sorted_by_index(SqlSource(database, statement, family.name))
    except (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        said = str(getattr(error, "orig", error)).splitlines()
        why = said[0] if said else type(error).__name__
        findings.skip(Rule.IDS_WITHOUT_INDEX, f"The database does not tell: {full_stop(why)}")
        return
    if not quick:
        findings.warning(
            Rule.IDS_WITHOUT_INDEX,
            place,
            "No index gives these ids in their order, so that each page reads and sorts all that"
            " is eligible. Make one on the column or the expression that eligible() selects.",
        )


def params_to_try(code: FamilyCode) -> BaseModel | None:
    """Those of its own schedule, or its defaults; None: it has neither."""
    schedule: object = code.family.schedule
    given = schedule.params if isinstance(schedule, Cron) else None
    for said in (given or {}, {}):
        try:
            return code.family.params.model_validate(said)
        except ValidationError:
            continue
    return None


def repeated_column(statement: Any) -> Column[Any] | None:  # of any type
    """The column that it selects, if that may hold an id twice and nobody has said so. Of an
    expression, and of what is no table, it cannot be told."""
    column = next(iter(statement.selected_columns), None)
    table = getattr(column, "table", None)
    if not isinstance(column, Column) or not isinstance(table, Table):
        return None
    # `compare` is how SQLAlchemy tells publicly what a statement holds.
    if statement.compare(statement.distinct()):
        return None
    if not statement.compare(statement.group_by(None)):
        return None
    return None if _is_unique(column, table) else column


def _is_unique(column: Column[Any], table: Table) -> bool:
    name = column.name
    if column.unique or [one.name for one in table.primary_key.columns] == [name]:
        return True
    constraints = (one for one in table.constraints if isinstance(one, UniqueConstraint))
    if any([each.name for each in one.columns] == [name] for one in constraints):
        return True
    return any(_is_of(one, name) for one in table.indexes)


def _is_of(index: Index, name: str) -> bool:
    """A unique index on this column alone, over all rows."""
    partial = index.dialect_options["postgresql"]["where"] is not None
    return bool(index.unique) and not partial and [one.name for one in index.columns] == [name]
