"""Every table that the code declares, for migrations to be held to."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from sqlalchemy import MetaData, Table
from sqlmodel import SQLModel

import app.models
import app.store.tables
from app.store.tables.base import SluiceTable

THEIRS = "skip_autogenerate"
"""In the ``info`` of a table that the application makes and changes, and no migration of ours."""


def sluice_tables() -> MetaData:
    """Those of ``app/store/tables``, in Sluice's schema."""
    _import_all(app.store.tables)
    return SluiceTable.metadata


def service_tables() -> MetaData:
    """Those of ``app/models``, the application's own among them."""
    _import_all(app.models)
    return SQLModel.metadata


def application_tables() -> list[Table]:
    """Those of ``app/models`` that belong to the application whose database it is."""
    return [table for table in service_tables().sorted_tables if table.info.get(THEIRS)]


def _import_all(folder: ModuleType) -> None:
    for found in pkgutil.iter_modules(folder.__path__, f"{folder.__name__}."):
        importlib.import_module(found.name)
