"""What items wait for people for: their own steps, and those of their children."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.steps.steps import StepId
from app.store.tables.base import columns_of
from app.store.tables.steps import Step

_STEP = Step.__table__  # type: ignore[attr-defined]  # SQLModel adds it, its types do not say so

DEEPEST = 10
"""Children of children."""

# A run, its finish and the children of its items, with the path of steps that leads to each.
_TREE = """
    WITH RECURSIVE tree AS (
        SELECT id, family, CAST('{}' AS text[]) COLLATE "C" AS path,
            CAST(NULL AS text) COLLATE "C" AS item_id
        FROM sluice.run WHERE id = :run_id
        UNION ALL
        SELECT child.id, child.family, array_remove(tree.path || child.parent_step, NULL),
            coalesce(tree.item_id, child.parent_item)
        FROM tree JOIN sluice.run AS child ON child.parent_run = tree.id
        WHERE child.finished_at IS NULL AND cardinality(tree.path) < :deepest
          AND (tree.item_id IS NOT NULL OR CAST(:item_id AS text) IS NULL
               OR child.parent_item = :item_id)
    )
"""
# The item is looked up for each step (OFFSET 0 keeps it so): a join that is planned while there are
# few of either compares each with each.
_WAITING = f"""
    {_TREE}
    SELECT {columns_of(_STEP, "step")}, tree.family AS of_family, tree.path || step.name AS of_path,
        coalesce(tree.item_id, step.item_id) AS of_item
    FROM tree JOIN sluice.step ON step.run_id = tree.id AND step.status = 'suspended'
    CROSS JOIN LATERAL (
        SELECT FROM sluice.item WHERE item.run_id = step.run_id AND item.item_id = step.item_id
            AND item.status IN ('suspended', 'pending')
        OFFSET 0
    ) AS open
    WHERE (step.run_id, step.item_id, step.name) > (:after_run, :after_item, :after_name)
      AND (CAST(:item_id AS text) IS NULL OR coalesce(tree.item_id, step.item_id) = :item_id)
    ORDER BY step.run_id, step.item_id, step.name LIMIT :limit
"""  # noqa: S608 - no value is pasted in


@dataclass(frozen=True, slots=True)
class SuspendedStep:
    """A step that waits for a person.

    ``item_id`` is of the run that was asked for, and ``path`` leads from that item to the step,
    through the steps of children.
    """

    step: Step
    family: str
    item_id: str
    path: tuple[str, ...]

    @property
    def id(self) -> StepId:
        return (self.step.run_id, self.step.item_id, self.step.name)


async def waiting(
    tx: AsyncConnection,
    run_id: str,
    *,
    item_id: str | None = None,
    after: StepId = ("", "", ""),
    limit: int,
) -> Sequence[SuspendedStep]:
    """The questions of a run, or of one of its items, by run, item and name."""
    rows = await tx.execute(
        text(_WAITING),
        {
            "run_id": run_id,
            "item_id": item_id,
            "after_run": after[0],
            "after_item": after[1],
            "after_name": after[2],
            "limit": limit,
            "deepest": DEEPEST,
        },
    )
    found = []
    for row in rows.mappings():
        values = dict(row)
        family, path, item = (values.pop(name) for name in ("of_family", "of_path", "of_item"))
        found.append(SuspendedStep(Step(**values), family, item, tuple(path)))
    return found


# The runs first, and all of them that have not ended: of what has ended nothing is read, however
# much there is. Within each as its index has them, so that a page ends where it is full.
_ANYWHERE = """
    WITH going AS MATERIALIZED (
        SELECT id, family, parent_run FROM sluice.run
        WHERE finished_at IS NULL AND status <> 'cancelling' AND id >= :after_run
          AND (CAST(:family AS text) IS NULL OR family = :family)
    ), ordered AS (SELECT * FROM going ORDER BY id)
    SELECT ordered.family, ordered.parent_run, ordered.id AS run_id, question.*
    FROM ordered CROSS JOIN LATERAL (
        SELECT step.item_id, step.name, step.started_at, step.due_at,
            CASE WHEN octet_length(step.payload) <= :largest THEN step.payload END AS payload,
            coalesce(octet_length(step.payload) > :largest, false) AS payload_omitted
        FROM sluice.step
        WHERE step.run_id = ordered.id AND step.status = 'suspended'
          AND (step.run_id > :after_run
               OR (step.item_id, step.name) > (:after_item, :after_name))
          AND EXISTS (
              SELECT FROM sluice.item WHERE item.run_id = step.run_id
                AND item.item_id = step.item_id AND item.status IN ('suspended', 'pending')
          )
        ORDER BY step.item_id, step.name LIMIT :limit
    ) AS question
    ORDER BY ordered.id, question.item_id, question.name LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """What an item of some run waits for a person for. ``parent_run``: of a child's, whose step it
    is. ``payload`` is JSON; None with ``payload_omitted``: it is larger than was asked for."""

    family: str
    parent_run: str | None
    run_id: str
    item_id: str
    name: str
    started_at: datetime
    due_at: datetime | None
    payload: str | None
    payload_omitted: bool

    @property
    def id(self) -> StepId:
        return (self.run_id, self.item_id, self.name)


async def waiting_anywhere(
    tx: AsyncConnection,
    *,
    family: str | None = None,
    after: StepId = ("", "", ""),
    limit: int,
    largest: int,
) -> list[OpenQuestion]:
    """The questions of all runs, those of the oldest run first; within a run by item and step.

    Args:
        largest: bytes of a payload that is told.
    """
    values = {
        "family": family,
        "after_run": after[0],
        "after_item": after[1],
        "after_name": after[2],
        "limit": limit,
        "largest": largest,
    }
    rows = await tx.execute(text(_ANYWHERE), values)
    return [OpenQuestion(**row) for row in rows.mappings()]
