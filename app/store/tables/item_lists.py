"""Tables of lists of ids that are too long for one call."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Text
from sqlmodel import Field

from app.store.tables.base import ID, NOW, TIME, ZERO, SluiceTable, made_now


class ItemList(SluiceTable, table=True):
    __tablename__ = "item_list"

    id: str = Field(primary_key=True, sa_type=ID)
    number: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs=ZERO)
    """How many it has: counting a million anew with every part would take longer than the part."""
    made_by: str = Field(sa_type=Text)
    """Nobody else adds to it."""
    frozen_by: str | None = Field(default=None, sa_type=ID)
    """The first run that named it: from then on it takes no more, so that what a run asks an
    approval for is what it does."""
    created_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)


class ListedItem(SluiceTable, table=True):
    __tablename__ = "listed_item"

    list_id: str = Field(primary_key=True, sa_type=ID)
    item_id: str = Field(primary_key=True, sa_type=ID)
