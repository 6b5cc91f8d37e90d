from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest


@pytest.fixture(scope="session")
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    # A proxy of the machine's must not stand between the test and its server.
    async with httpx2.AsyncClient(trust_env=False) as http:
        yield http
