"""What a command about QStash works with: the service's own part of an account of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Annotated

import typer
from qstash import AsyncQStash

from app import SERVICE
from app.api.qstash.signed_calls import TICK
from app.config.engine_settings import EngineName, QStashAccess
from app.configured_secrets import redactor_of
from app.engine.qstash.client import open_qstash
from app.errors import ConfigurationError
from app.redaction.redactor import IN_USE
from app.settings import load_settings

SCHEDULE = f"{SERVICE}-tick"
"""The one schedule of a service."""

AsJson = Annotated[bool, typer.Option("--json", help="Print it as JSON, for scripts.")]


@dataclass(frozen=True, slots=True)
class QStashAccount:
    client: AsyncQStash
    access: QStashAccess

    @property
    def tick_url(self) -> str:
        return self.access.app_url + TICK

    def is_ours(self, url: str) -> bool:
        """Whether it leads to this service: others may share the account."""
        return url.startswith(self.access.app_url + "/")


@asynccontextmanager
async def open_account() -> AsyncIterator[QStashAccount]:
    """
    Raises:
        ConfigurationError: the settings are those of a service that QStash has no part in, or one
            is missing.
    """
    settings = load_settings()
    IN_USE.set(redactor_of(settings))  # for what QStash says itself
    if settings.engine is not EngineName.QSTASH:
        raise ConfigurationError(
            f"SLUICE_ENGINE is {settings.engine.value}, so QStash has no part in this service. Set"
            " it to qstash."
        )
    access = settings.qstash(settings.root_path)
    async with open_qstash(access.token, access.url) as client:
        yield QStashAccount(client, access)
