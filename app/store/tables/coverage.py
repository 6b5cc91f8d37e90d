"""The table of how many of a family's eligible had a result, by day."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Date, Text
from sqlmodel import Field

from app.store.tables.base import NOW, TIME, SluiceTable, made_now


class Coverage(SluiceTable, table=True):
    """As it stood when it was last recorded on a day, in UTC."""

    __tablename__ = "coverage"

    family: str = Field(primary_key=True, sa_type=Text)
    day: date = Field(primary_key=True, sa_type=Date)
    eligible: int = Field(sa_type=BigInteger)
    with_result: int = Field(sa_type=BigInteger)
    exact: bool
    recorded_at: datetime = Field(default_factory=made_now, sa_type=TIME, sa_column_kwargs=NOW)
