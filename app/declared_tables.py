"""Every table that the code declares, for migrations to be held to."""

from __future__ import annotations

import importlib
import pkgutil

from sqlalchemy import MetaData
from sqlmodel import SQLModel

import app.models
import app.store.tables


def declared_tables() -> MetaData:
    """Every module of ``app/store/tables`` and of ``app/models`` is imported."""
    for folder in (app.store.tables, app.models):
        for found in pkgutil.iter_modules(folder.__path__, f"{folder.__name__}."):
            importlib.import_module(found.name)
    return SQLModel.metadata
