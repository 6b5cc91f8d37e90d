# copier: if not examples
# copier: include "scaffold/service/providers.txt"
# copier: else
"""The services that families ask for by ``ctx.service(kind)``, beside ``FileStore``. This file is
yours: no update of the template touches it. docs/guides/own-service.md says what may stand here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from pydantic import SecretStr

from app.services.batches.endpoint import BatchEndpoint
from app.services.batches.policy import BatchPolicy
from app.services.destinations import Destinations
from app.services.images.painter import Painter
from app.services.llm.writer import TextWriter
from app.services.model_choice import painter, text_writer
from app.services.provider import Provider
from app.services.settings import ServiceSettings


@asynccontextmanager
async def _writer(settings: ServiceSettings) -> AsyncIterator[TextWriter]:
    writer = text_writer(
        settings.llm_base_url, _told(settings.llm_api_key), settings.llm_model, settings.llm_timeout
    )
    try:
        yield writer
    finally:
        await writer.aclose()


@asynccontextmanager
async def _batches(settings: ServiceSettings) -> AsyncIterator[BatchEndpoint]:
    policy = BatchPolicy(
        size=settings.llm_batch_size,
        within=timedelta(seconds=settings.llm_batch_within),
        poll=timedelta(seconds=settings.llm_batch_poll),
    )
    endpoint = BatchEndpoint(
        settings.llm_base_url,
        _told(settings.llm_api_key),
        policy=policy,
        timeout=settings.llm_timeout,
    )
    try:
        yield endpoint
    finally:
        await endpoint.aclose()


@asynccontextmanager
async def _painter(settings: ServiceSettings) -> AsyncIterator[Painter]:
    paints = painter(
        settings.image_base_url,
        _told(settings.image_api_key),
        settings.image_model,
        settings.image_timeout,
    )
    try:
        yield paints
    finally:
        await paints.aclose()


@asynccontextmanager
async def _destinations(settings: ServiceSettings) -> AsyncIterator[Destinations]:
    yield Destinations(settings.posts_url)


def _told(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


PROVIDERS: tuple[Provider[Any], ...] = (  # each of a type of its own
    Provider(TextWriter, _writer),
    Provider(BatchEndpoint, _batches),
    Provider(Painter, _painter),
    Provider(Destinations, _destinations),
)
# copier: endif
