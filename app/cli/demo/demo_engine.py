"""The engine of a demonstration: QStash's own is never called, for it could not call back."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import SecretStr

from app.config.engine_settings import EngineName
from app.qstash_dev.server import local_qstash
from app.settings import Settings


@asynccontextmanager
async def engine_for(settings: Settings, url: str) -> AsyncIterator[Settings]:
    """
    Args:
        url: of the service that is going to be made with what this gives.
    """
    if settings.engine is EngineName.POSTGRES:
        yield settings
        return
    async with local_qstash() as qstash:
        keys = qstash.parts.signing_keys
        yield settings.model_copy(
            update={
                "app_url": url,
                "qstash_url": qstash.url,
                "qstash_token": SecretStr(qstash.token),
                "qstash_current_signing_key": SecretStr(keys.current),
                "qstash_next_signing_key": SecretStr(keys.next),
            }
        )
