"""What items wait for people for: their own steps, and those of their children."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.steps.steps import StepId
from app.store.tables.steps import Step

DEEPEST = 10
"""Children of children."""

# A run and the children of its items, with the path of steps that leads to each.
_TREE = """
    WITH RECURSIVE tree AS (
        SELECT id, family, CAST('{}' AS text[]) COLLATE "C" AS path,
            CAST(NULL AS text) COLLATE "C" AS item_id
        FROM sluice.run WHERE id = :run_id
        UNION ALL
        SELECT child.id, child.family, tree.path || child.parent_step,
            coalesce(tree.item_id, child.parent_item)
        FROM tree JOIN sluice.run AS child ON child.parent_run = tree.id
        WHERE child.finished_at IS NULL AND cardinality(tree.path) < :deepest
          AND (tree.item_id IS NOT NULL OR CAST(:item_id AS text) IS NULL
               OR child.parent_item = :item_id)
    )
"""
_WAITING = f"""
    {_TREE}
    SELECT step.*, tree.family AS of_family, tree.path || step.name AS of_path,
        coalesce(tree.item_id, step.item_id) AS of_item
    FROM tree JOIN sluice.step ON step.run_id = tree.id AND step.status = 'suspended'
    JOIN sluice.item ON item.run_id = step.run_id AND item.item_id = step.item_id
        AND item.status IN ('suspended', 'pending')
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
    """Those of a run, or of one of its items, by run, item and name."""
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
