from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2
import pytest
from qstash import AsyncQStash

from app.qstash_dev.options import QStashOptions
from app.qstash_dev.server import LocalQStash, local_qstash
from tests.qstash_dev.calls import by_hand, official_client
from tests.qstash_dev.destination import Destination, a_destination

SPEED = 1_000.0
"""12 s, which a first retry waits for, are 12 ms then."""


@pytest.fixture(scope="session")
async def only_destination() -> AsyncIterator[Destination]:
    async with a_destination() as destination:
        yield destination


@pytest.fixture
def destination(only_destination: Destination) -> Destination:
    """One for all tests, because a server takes its time to stop."""
    only_destination.forget()
    return only_destination


@pytest.fixture
async def qstash() -> AsyncIterator[LocalQStash]:
    async with local_qstash(QStashOptions(speed=SPEED)) as qstash:
        yield qstash


@pytest.fixture(scope="session")
async def resting() -> AsyncIterator[LocalQStash]:
    """For tests of what is refused, which leave no trace in it."""
    async with local_qstash() as qstash:
        yield qstash


@pytest.fixture(scope="session")
async def caller(resting: LocalQStash) -> AsyncIterator[httpx2.AsyncClient]:
    """Of the resting one."""
    async with by_hand(resting) as caller:
        yield caller


@pytest.fixture
async def client(qstash: LocalQStash) -> AsyncIterator[AsyncQStash]:
    async with official_client(qstash) as client:
        yield client
