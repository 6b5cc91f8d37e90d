"""Every table that the code declares, for migrations to be held to."""

from __future__ import annotations

import importlib
import pkgutil

from sqlalchemy import MetaData
from sqlmodel import SQLModel

import app.store
import app.store.families


def declared_tables() -> MetaData:
    """Found by their place: modules of ``app/store`` whose name ends in ``tables``, and every one
    of ``app/store/families``."""
    ours = [
        f"{app.store.__name__}.{found.name}"
        for found in pkgutil.iter_modules(app.store.__path__)
        if found.name.endswith("tables")
    ]
    of_families = [
        f"{app.store.families.__name__}.{found.name}"
        for found in pkgutil.iter_modules(app.store.families.__path__)
    ]
    for name in (*ours, *of_families):
        importlib.import_module(name)
    return SQLModel.metadata
