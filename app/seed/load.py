"""Writes seed rows to the database, all of them or none: one transaction each time.

Safe to repeat: what is there, by its natural key, is updated and keeps its id.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.models.agent import Agent
from app.models.post import Post
from app.models.scene import Scene
from app.seed import example_tables, user_table
from app.seed.example_rows import SeedAgent, SeedPost, SeedScene
from app.seed.read import committed
from app.seed.row import SeedRow
from app.seed.upserts import Written
from app.seed.user_row import SeedUser
from app.store.database import open_database
from app.workflows.keys import new_id

Row = TypeVar("Row", bound=SeedRow)


async def load_users(database: AsyncEngine, given: Sequence[SeedUser]) -> Written:
    async with database.begin() as tx:
        return await _write_users(tx, given)


async def load_committed(database: AsyncEngine) -> dict[str, Written]:
    """Every committed file. Answers what was written, by what it was."""
    async with database.begin() as tx:
        return {
            "users": await _write_users(tx, committed(SeedUser)),
            "agents": await _write_agents(tx, committed(SeedAgent)),
            "scenes": await _write_scenes(tx, committed(SeedScene)),
            "posts": await _write_posts(tx, committed(SeedPost)),
        }


async def seed_when_empty(dsn: str, schema: str) -> None:
    database = open_database(dsn, pool_size=2, schema=schema)
    try:
        await load_when_empty(database)
    finally:
        await database.dispose()


async def load_when_empty(database: AsyncEngine) -> None:
    """Of the committed files those whose table is empty."""
    async with database.begin() as tx:
        if not await user_table.count(tx):
            await _write_users(tx, committed(SeedUser))
        if not await example_tables.count(tx, Agent):
            await _write_agents(tx, committed(SeedAgent))
        if not await example_tables.count(tx, Scene):
            await _write_scenes(tx, committed(SeedScene))
        if not await example_tables.count(tx, Post):
            await _write_posts(tx, committed(SeedPost))


async def _write_users(tx: AsyncConnection, given: Sequence[SeedUser]) -> Written:
    """In lower case, so that a file that spells an email differently makes no second user."""
    rows = [
        {
            **user.model_dump(),
            "id": new_id("usr"),
            "email": user.email.lower(),
            "interests": list(user.interests),
        }
        for user in _ordered(given)
    ]
    return await user_table.upsert(tx, rows)


async def _write_agents(tx: AsyncConnection, given: Sequence[SeedAgent]) -> Written:
    """An agent whose owner is not there is left out: the users may be others than the committed."""
    owners = await user_table.ids_by_email(tx, sorted({agent.owner.lower() for agent in given}))
    rows = [
        {
            **agent.model_dump(exclude={"owner"}),
            "id": new_id("agt"),
            "user_id": owners[agent.owner.lower()],
        }
        for agent in _ordered(given)
        if agent.owner.lower() in owners
    ]
    return await example_tables.upsert_agents(tx, rows)


async def _write_scenes(tx: AsyncConnection, given: Sequence[SeedScene]) -> Written:
    rows = [{**scene.model_dump(), "id": new_id("scn")} for scene in _ordered(given)]
    return await example_tables.upsert_scenes(tx, rows)


async def _write_posts(tx: AsyncConnection, given: Sequence[SeedPost]) -> Written:
    rows = [{**post.model_dump(), "id": new_id("pst")} for post in _ordered(given)]
    return await example_tables.upsert_posts(tx, rows)


def _ordered(given: Iterable[Row]) -> list[Row]:
    # In one order, so that two loads at once wait for each other and do not deadlock.
    return sorted(given, key=lambda row: row.key())
