"""Giving the steps of items what a provider's batch has answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from app.connections.driver import fetch_raw
from app.redaction.redactor import redacted
from app.store.statuses import StepStatus
from app.store.steps.steps import ItemId
from app.store.storable import storable

_SETTLE = """
    UPDATE sluice.step
    SET status = t.status, result = t.result, error_class = t.error_class,
        error_message = t.error_message, attempts = step.attempts + 1, finished_at = now()
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
        AS t(run_id, item_id, name, status, result, error_class, error_message)
    WHERE step.run_id = ANY($1::text[]) AND step.item_id = ANY($2::text[])
      AND step.run_id = t.run_id AND step.item_id = t.item_id AND step.name = t.name
      AND step.status = 'waiting' AND step.kind = 'deferred'
    RETURNING step.run_id, step.item_id
"""
_SPEND = """
    UPDATE sluice.item SET spent_tokens = spent_tokens + t.tokens
    FROM unnest($1::text[], $2::text[], $3::text[]::bigint[]) AS t(run_id, item_id, tokens)
    WHERE item.run_id = ANY($1::text[]) AND item.item_id = ANY($2::text[])
      AND item.run_id = t.run_id AND item.item_id = t.item_id
"""


@dataclass(frozen=True, slots=True)
class StepReply:
    """How a step ends. ``result`` is JSON."""

    run_id: str
    item_id: str
    name: str
    status: StepStatus
    result: str
    error_class: str | None = None
    error_message: str | None = None
    tokens: int = 0

    @property
    def place(self) -> ItemId:
        return (self.run_id, self.item_id)


async def settle(tx: AsyncConnection, replies: Sequence[StepReply]) -> set[ItemId]:
    """End those of the steps that wait. The caller has locked the items. Returns whose they are."""
    rows = await fetch_raw(
        tx,
        _SETTLE,
        [one.run_id for one in replies],
        [one.item_id for one in replies],
        [one.name for one in replies],
        [one.status for one in replies],
        [one.result for one in replies],
        [one.error_class for one in replies],
        [storable(redacted(one.error_message)) for one in replies],
    )
    return {(row[0], row[1]) for row in rows}


async def spend(tx: AsyncConnection, tokens: dict[ItemId, int]) -> None:
    """Add what the answers cost to their items, which the caller has locked."""
    await fetch_raw(
        tx,
        _SPEND,
        [run_id for run_id, _ in tokens],
        [item_id for _, item_id in tokens],
        [str(number) for number in tokens.values()],
    )
