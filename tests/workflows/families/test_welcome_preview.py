"""Previews of ``welcome-placeholder`` over HTTP."""

from __future__ import annotations

from app.workflows.families.welcome_placeholder import WelcomePlaceholders
from tests.support.http import api
from tests.support.service import Opener
from tests.workflows.families.example_users import add_users


async def test_a_preview_of_welcome_placeholder_shows_lines_and_writes_none(
    opener: Opener,
) -> None:
    async with opener(WelcomePlaceholders()) as sluice, api(sluice) as caller:
        await add_users(sluice, 1)
        path = "/api/workflows/welcome-placeholder/generate-user"
        answer = (await caller.post(path, json={"userId": "u00001", "dryRun": True})).json()
        assert len(answer["result"]) == 4
        assert await sluice.sql("SELECT 1 FROM welcome_placeholder") == []
        prefix = sluice.service.settings.redis_prefix
        assert await sluice.service.redis.exists(f"{prefix}:welcome-placeholder:u00001") == 0


async def test_a_preview_of_welcome_placeholder_shows_which_lines_would_change(
    opener: Opener,
) -> None:
    async with opener(WelcomePlaceholders()) as sluice, api(sluice) as caller:
        await add_users(sluice, 1)
        await sluice.sql(
            "INSERT INTO welcome_placeholder (user_id, lines, writer)"
            " VALUES ('u00001', '{An old line}', 'someone')"
        )
        path = "/api/workflows/welcome-placeholder/generate-user"
        answer = (await caller.post(path, json={"userId": "u00001", "dryRun": True})).json()
        assert answer["before"] == ["An old line"]
        changed = [line for line in answer["diff"].splitlines() if line[:1] in "+-"]
        assert '-  "An old line"' in changed
        assert len([line for line in changed if line.startswith("+  ")]) == 4
        rows = await sluice.sql("SELECT lines FROM welcome_placeholder")
        assert [row.lines for row in rows] == [["An old line"]]
