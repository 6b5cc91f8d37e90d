"""A short form of ``make chaos``: three workers, one killed each second, and a run that is paused
and resumed meanwhile."""

from __future__ import annotations

import pytest

from tests.chaos.havoc import play
from tests.support.service import Opener

pytestmark = pytest.mark.slow


async def test_a_run_loses_nothing_and_doubles_nothing_while_its_workers_are_killed(
    opener: Opener,
) -> None:
    told: list[str] = []
    prefix = opener.settings.redis_prefix
    verdict = await play(opener.urls, prefix, items=300, seconds=5, tell=told.append)
    assert verdict.clean, "\n".join([*told, str(verdict)])
    assert verdict.kills >= 3
