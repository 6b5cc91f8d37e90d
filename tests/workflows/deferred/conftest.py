"""The provider that items ask."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from app.cli.demo.batches.local_provider import LocalProvider
from app.cli.demo.batches.provider_server import ProviderServer, provider_server


@pytest.fixture(autouse=True)
def _no_proxy(no_proxy: None) -> None:
    """For every test here."""


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with provider_server(LocalProvider()) as server:
        yield server
