"""The provider that items ask."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from app.cli.demo.batches.local_provider import LocalProvider
from app.cli.demo.batches.provider_server import ProviderServer, provider_server


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")  # a proxy of the machine's must not stand between


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with provider_server(LocalProvider()) as server:
        yield server
