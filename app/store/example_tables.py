"""The tables of the example families: agents, scenes and posts, and what is made for each.

``app.store.tables`` says what ids and times are. A team that brings its own families drops these.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial

from sqlalchemy import Index, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field, SQLModel

from app.store.tables import ID, NOW, TIME, Json

_now = partial(datetime.now, UTC)


class Agent(SQLModel, table=True):
    """An assistant that a user has set up for one purpose."""

    __tablename__ = "agent"
    # Finds the agents of a user as well: the user comes first.
    __table_args__ = (Index("ix_agent_user", "user_id", "name", unique=True),)

    id: str = Field(primary_key=True, sa_type=ID)
    user_id: str = Field(sa_type=ID, foreign_key="user.id", ondelete="CASCADE")
    name: str = Field(sa_type=Text)
    role: str = Field(sa_type=Text)
    """What it is for, such as "travel planner"."""
    description: str = Field(sa_type=Text)
    active: bool = True
    created_at: datetime = Field(default_factory=_now, sa_type=TIME, sa_column_kwargs=NOW)


class AgentWelcome(SQLModel, table=True):
    """What ``agent-welcome`` made for one agent."""

    __tablename__ = "agent_welcome"

    agent_id: str = Field(primary_key=True, sa_type=ID, foreign_key="agent.id", ondelete="CASCADE")
    message: str = Field(sa_type=Text)
    questions: list[str] = Field(sa_type=ARRAY(Text))
    writer: str = Field(sa_type=Text)
    created_at: datetime = Field(default_factory=_now, sa_type=TIME, sa_column_kwargs=NOW)


class Scene(SQLModel, table=True):
    """Something to be painted."""

    __tablename__ = "scene"

    id: str = Field(primary_key=True, sa_type=ID)
    title: str = Field(sa_type=Text, unique=True)
    description: str = Field(sa_type=Text)
    created_at: datetime = Field(default_factory=_now, sa_type=TIME, sa_column_kwargs=NOW)


class SceneImageSet(SQLModel, table=True):
    """The images of one scene."""

    __tablename__ = "scene_image_set"

    scene_id: str = Field(primary_key=True, sa_type=ID, foreign_key="scene.id", ondelete="CASCADE")
    images: list[Json] = Field(sa_type=JSONB)
    """Each with ``file`` (relative to the folder of files), ``sha256``, ``bytes``, ``width``,
    ``height`` and ``prompt``."""
    painter: str = Field(sa_type=Text)
    writer: str = Field(sa_type=Text)
    """Who wrote the prompts."""
    created_at: datetime = Field(default_factory=_now, sa_type=TIME, sa_column_kwargs=NOW)


class Post(SQLModel, table=True):
    """A short text for the public, from its topic to where it was published."""

    __tablename__ = "post"

    id: str = Field(primary_key=True, sa_type=ID)
    topic: str = Field(sa_type=Text, unique=True)
    audience: str = Field(sa_type=Text)
    draft: str | None = Field(default=None, sa_type=Text)
    reviewer_note: str | None = Field(default=None, sa_type=Text)
    approved: bool | None = None
    """None: nobody has decided."""
    published_url: str | None = Field(default=None, sa_type=Text)
    published_at: datetime | None = Field(default=None, sa_type=TIME)
    created_at: datetime = Field(default_factory=_now, sa_type=TIME, sa_column_kwargs=NOW)
