"""Scenes, and the images painted of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from app.store.tables.base import ID, NOW, TIME, Json, made_now


class Scene(SQLModel, table=True):
    """Something to be painted."""

    __tablename__ = "scene"

    id: str = Field(primary_key=True, sa_type=ID)
    title: str = Field(sa_type=Text, unique=True)
    description: str = Field(sa_type=Text)
    created_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)


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
    created_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)
