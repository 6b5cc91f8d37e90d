"""Posts, from their topic to where they were published."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text
from sqlmodel import Field, SQLModel

from app.store.tables.base import ID, NOW, TIME, made_now


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
    created_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)
