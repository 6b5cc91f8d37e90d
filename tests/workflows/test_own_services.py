"""A service's own settings and services reach its families, and are closed when it closes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from app.errors import ConfigurationError
from app.services.file_store import FileStore
from app.services.provider import Provider
from app.services.settings import ServiceSettings
from app.workflows.family import Context
from tests.support.families import Recording
from tests.support.own_settings import OwnSettings
from tests.support.service import Opener


@dataclass(frozen=True)
class Crm:
    url: str


@dataclass(frozen=True)
class Shop:
    pass


def providers(closed: list[str]) -> Sequence[Provider[Any]]:
    @asynccontextmanager
    async def crm(settings: ServiceSettings) -> AsyncIterator[Crm]:
        assert isinstance(settings, OwnSettings)
        try:
            yield Crm(settings.otter_url or "nowhere")
        finally:
            closed.append("crm")

    @asynccontextmanager
    async def shop(settings: ServiceSettings) -> AsyncIterator[Shop]:
        try:
            yield Shop()
        finally:
            closed.append("shop")

    return Provider(Crm, crm), Provider(Shop, shop)


def crm_url(item_id: str, ctx: Context) -> None:
    raise LookupError(ctx.service(Crm).url)


async def test_a_family_asks_for_it_by_its_class(opener: Opener) -> None:
    closed: list[str] = []
    family = Recording(work=crm_url)
    opened = replace(opener, providers=providers(closed))
    async with opened(family, otter_url="https://crm.test") as sluice:
        run = await sluice.played()
        [item] = await sluice.items(run.id)
        assert item.error_message == "https://crm.test"
        assert closed == []
    assert closed == ["shop", "crm"]


@pytest.mark.parametrize("kind", [Crm, FileStore])
async def test_two_of_one_class_are_refused(opener: Opener, kind: type) -> None:
    closed: list[str] = []
    crm, _ = providers(closed)
    with pytest.raises(ConfigurationError, match=f"provides {kind.__name__}, which is provided"):
        async with replace(opener, providers=[crm, Provider(kind, crm.opened)])(Recording()):
            pass
    assert closed == ["crm"]


async def test_one_that_cannot_be_made_says_why_and_the_others_are_closed(opener: Opener) -> None:
    closed: list[str] = []

    @asynccontextmanager
    async def unset(settings: ServiceSettings) -> AsyncIterator[Shop]:
        assert isinstance(settings, OwnSettings)
        if settings.badger_key is None:
            raise ConfigurationError("BADGER_KEY is not set.")
        yield Shop()

    crm, _ = providers(closed)
    with pytest.raises(ConfigurationError, match="BADGER_KEY is not set"):
        async with replace(opener, providers=[crm, Provider(Shop, unset)])(Recording()):
            pass
    assert closed == ["crm"]
