"""Has a SQLAlchemy engine say the schema's own name in every statement."""

from __future__ import annotations

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

from app.connections.schema import OPTION, SCHEMA, in_schema


def use_schema(engine: AsyncEngine, schema: str) -> None:
    """Put ``schema`` into every statement of the engine. Costs nothing where it is ``sluice``."""
    if schema == SCHEMA:
        return
    engine.update_execution_options(**{OPTION: schema})

    @event.listens_for(engine.sync_engine, "before_cursor_execute", retval=True)
    def qualified(
        _connection: object,
        _cursor: object,
        statement: str,
        parameters: object,
        _context: object,
        _many: bool,
    ) -> tuple[str, object]:
        return in_schema(statement, schema), parameters
