"""Agents, and the messages that welcome people to them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from app.models.user import User
from app.store.tables.base import ID, NOW, TIME, made_now


class Agent(SQLModel, table=True):
    """An assistant that a user has set up for one purpose."""

    __tablename__ = "agent"
    # Finds the agents of a user as well: the user comes first.
    __table_args__ = (Index("ix_agent_user", "user_id", "name", unique=True),)

    id: str = Field(primary_key=True, sa_type=ID)
    user_id: str = Field(sa_type=ID, foreign_key=f"{User.__tablename__}.id", ondelete="CASCADE")
    name: str = Field(sa_type=Text)
    role: str = Field(sa_type=Text)
    """What it is for, such as "travel planner"."""
    description: str = Field(sa_type=Text)
    active: bool = True
    created_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)


class AgentWelcome(SQLModel, table=True):
    """What ``agent-welcome`` made for one agent."""

    __tablename__ = "agent_welcome"

    agent_id: str = Field(primary_key=True, sa_type=ID, foreign_key="agent.id", ondelete="CASCADE")
    message: str = Field(sa_type=Text)
    questions: list[str] = Field(sa_type=ARRAY(Text))
    writer: str = Field(sa_type=Text)
    created_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)
