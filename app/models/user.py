"""Users, and the placeholders that welcome them: the template's example entity."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field, SQLModel

from app.store.tables.base import ID, NOW, TIME, made_now


class User(SQLModel, table=True):
    """A person that job families work on: the template's example entity."""

    __tablename__ = "user"

    id: str = Field(primary_key=True, sa_type=ID)
    email: str = Field(sa_type=Text, unique=True)
    name: str = Field(sa_type=Text)
    locale: str = Field(sa_type=Text)
    interests: list[str] = Field(default_factory=list, sa_type=ARRAY(Text))
    active: bool = True
    paid: bool = False
    created_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)


class WelcomePlaceholder(SQLModel, table=True):
    """What ``welcome-placeholder`` made for one user."""

    __tablename__ = "welcome_placeholder"

    user_id: str = Field(primary_key=True, sa_type=ID, foreign_key="user.id", ondelete="CASCADE")
    lines: list[str] = Field(sa_type=ARRAY(Text))
    writer: str = Field(sa_type=Text)
    created_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)
