"""The table that the tests' families work on. It is the tests' own, in a schema of its own: what a
service has in its database is that service's business."""

from __future__ import annotations

from sqlalchemy import MetaData, Text
from sqlalchemy.schema import CreateSchema
from sqlmodel import Field, SQLModel

from app.store.database import open_database
from app.store.tables.base import ID

SCHEMA = "tests"


class TestTable(SQLModel):
    """Apart from the service's tables, to which its migrations are held."""

    __test__ = False  # pytest takes it for tests
    metadata = MetaData(schema=SCHEMA)


class User(TestTable, table=True):
    __tablename__ = "users"

    id: str = Field(primary_key=True, sa_type=ID)
    name: str = Field(sa_type=Text)
    active: bool = True
    paid: bool = False


async def make_users_table(dsn: str) -> None:
    """Unless it is there."""
    database = open_database(dsn, pool_size=1)
    async with database.begin() as tx:
        await tx.execute(CreateSchema(SCHEMA, if_not_exists=True))
        await tx.run_sync(TestTable.metadata.create_all)
    await database.dispose()
