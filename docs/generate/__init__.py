"""Writes the reference from the code, so that it cannot drift. Each part answers Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from docs.generate.client import client
from docs.generate.commands import commands
from docs.generate.contract import contract
from docs.generate.lifecycles import lifecycles
from docs.generate.metrics import metrics
from docs.generate.routes import routes
from docs.generate.settings import settings

PARTS: Final[Mapping[str, Callable[[], str]]] = MappingProxyType(
    {
        "client": client,
        "commands": commands,
        "contract": contract,
        "lifecycles": lifecycles,
        "metrics": metrics,
        "routes": routes,
        "settings": settings,
    }
)
"""By the name that stands in the page: ``<!-- generated: commands -->``."""
