"""The keys of a service, which are in its database."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from app.redaction.redactor import Redactor
from app.settings import Settings
from app.store.database import service_key
from app.store.signing_key import signing_keys
from app.workflows.serialization.secret_box import SecretBox
from app.workflows.signatures import Signer


@dataclass(frozen=True, slots=True)
class ServiceKeys:
    box: SecretBox
    signer: Signer


async def keys_of(settings: Settings, database: AsyncEngine, redactor: Redactor) -> ServiceKeys:
    """``redactor`` knows them from here on."""
    sealing = await service_key(database, "sealing")
    signing = await signing_keys(database)
    redactor.know(sealing, *(key.decode() for key in signing))
    box = SecretBox(settings.secret_keys, sealing)
    return ServiceKeys(box, Signer(signing[0], tuple(signing[1:])))
