"""Agents, scenes and posts: written by their natural keys, and counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.models.agent import Agent
from app.models.post import Post
from app.models.scene import Scene
from app.seed.upserts import Written, upsert

Rows = Sequence[Mapping[str, object]]

# SQLModel adds the table, and its types do not say so.
_AGENT = Agent.__table__  # type: ignore[attr-defined]
_SCENE = Scene.__table__  # type: ignore[attr-defined]
_POST = Post.__table__  # type: ignore[attr-defined]


async def upsert_agents(tx: AsyncConnection, rows: Rows) -> Written:
    """By owner and name: a user has no two agents of one name."""
    replaced = ("role", "description", "active")
    return await upsert(tx, _AGENT, rows, key=["user_id", "name"], replaced=replaced)


async def upsert_scenes(tx: AsyncConnection, rows: Rows) -> Written:
    """By title."""
    return await upsert(tx, _SCENE, rows, key=["title"], replaced=["description"])


async def upsert_posts(tx: AsyncConnection, rows: Rows) -> Written:
    """By topic. What became of a post that is there, from draft to publication, stays."""
    return await upsert(tx, _POST, rows, key=["topic"], replaced=["audience"])


async def count(tx: AsyncConnection, what: type[Agent | Scene | Post]) -> int:
    return (await tx.execute(select(func.count()).select_from(what))).scalar_one()
