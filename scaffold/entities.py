"""The table of what a new family works on: the one that the service has, or a new one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import Table
from sqlmodel import SQLModel

from app.declared_tables import service_tables
from app.errors import BadInput
from scaffold.names import snake
from scaffold.order import Order

PYTHON = {"text": "str", "int": "int", "uuid": "UUID"}
_KINDS: dict[type, str] = {str: "text", int: "int", UUID: "uuid"}


@dataclass(frozen=True, slots=True)
class EntityTable:
    """``key`` is the attribute that holds the id; ``module`` is where the class is."""

    name: str
    module: str
    key: str
    id: str


def entity_table(root: Path, order: Order) -> EntityTable | None:
    """The table that is called as the entity is; None where the service declares none.

    Raises:
        BadInput: its ids are others than was told, or none that a family could have; or a file
            stands where its new one belongs.
    """
    name = snake(order.entity)
    table = service_tables().tables.get(name)
    if table is None:
        if (root / "app" / "models" / f"{name}.py").exists():
            raise BadInput(
                f"app/models/{name}.py is there, and declares no table {name}. Choose another"
                " entity, or another source."
            )
        return None
    found = [one.class_ for one in SQLModel._sa_registry.mappers if one.local_table is table]  # noqa: SLF001 - SQLModel has no public name for it
    kind = _kind_of(table)
    if not found or kind is None:
        raise BadInput(
            f"The table {name} has no id that a family could have: one column, of text, whole"
            " numbers or UUIDs. Choose another source, and write its ids as"
            " docs/guides/writing-a-family.md says."
        )
    if order.id not in ("", kind):
        raise BadInput(f"The ids of the table {name} are {kind}, not {order.id}: leave id= out.")
    [key] = table.primary_key.columns
    return EntityTable(found[0].__name__, found[0].__module__, key.key, kind)


def _kind_of(table: Table) -> str | None:
    keys = list(table.primary_key.columns)
    if len(keys) != 1:
        return None
    try:
        return _KINDS.get(keys[0].type.python_type)
    except NotImplementedError:
        return None
