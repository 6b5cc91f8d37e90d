"""A family that an event starts, and whose item waits for another event."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Select
from sqlmodel import col, select

from app.workflows.family import (
    Context,
    Entity,
    Event,
    FamilyParams,
    JobFamily,
    Overlap,
    Skip,
)
from tests.support.users import User

MADE = "invoice/made"
PAID = "invoice/paid"


class Invoices(JobFamily[FamilyParams, str, str]):
    """Thank a user once the invoice is paid."""

    name = "invoice"
    entity = Entity("user", "users")
    verb = "thank"
    overlap = Overlap.ALLOW
    on = (Event(MADE, item="user"),)

    def eligible(self, params: FamilyParams) -> Select[str]:
        return select(User.id).where(col(User.id) == "u00001")

    async def load(self, item_id: str, ctx: Context) -> str:
        return item_id

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        paid = await ctx.wait_for(PAID, match="invoice.user", timeout=timedelta(days=7))
        if paid is None:
            raise Skip("not paid")
        return f"Thank you, {entity}"
