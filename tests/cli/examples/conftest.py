"""The example families' rows, beneath the service that the command line calls."""

from __future__ import annotations

import pytest

from tests.cli.command import Sluice


@pytest.fixture(scope="module")
def sluice(sluice: Sluice) -> Sluice:
    """Over the thousand users."""
    assert sluice.run("seed").stdout.splitlines() == [
        "1,000 users: 1,000 new, 0 updated",
        "300 agents: 300 new, 0 updated",
        "12 scenes: 12 new, 0 updated",
        "12 posts: 12 new, 0 updated",
    ]
    return sluice


@pytest.fixture(scope="module")
def service(sluice: Sluice, service: Sluice) -> Sluice:
    """With its rows, which are written before it is up."""
    return service
