"""The API of the service that a module's tests open."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.support.http import api
from tests.support.service import Sluice


@pytest.fixture
async def caller(sluice: Sluice) -> AsyncIterator[httpx2.AsyncClient]:
    """Somebody who holds a token."""
    async with api(sluice) as client:
        yield client
