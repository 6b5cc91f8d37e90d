"""Writes seed users to the database, all of them or none."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from app.seed.read import SEED_FILE, read_users
from app.seed.user import SeedUser
from app.store import users
from app.store.users import Written
from app.workflows.keys import new_id


async def load_users(database: AsyncEngine, given: Sequence[SeedUser]) -> Written:
    """One transaction. Safe to repeat: a user who is there, by email, is updated.

    Emails are kept in lower case, so that a file that spells one differently makes no second user.
    """
    rows = [
        {
            **user.model_dump(),
            "id": new_id("usr"),
            "email": user.email.lower(),
            "interests": list(user.interests),
        }
        for user in given
    ]
    # In one order, so that two loads at once wait for each other and do not deadlock.
    rows.sort(key=lambda row: str(row["email"]))
    async with database.begin() as tx:
        return await users.upsert(tx, rows)


async def load_when_empty(database: AsyncEngine) -> Written | None:
    """The committed users, when there are none at all; None: there were some."""
    async with database.connect() as connection:
        if await users.count(connection):
            return None
    return await load_users(database, read_users(SEED_FILE))
