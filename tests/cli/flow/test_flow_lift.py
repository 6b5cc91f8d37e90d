"""``sluice flow lift``, as a process."""

from __future__ import annotations

from datetime import timedelta

from app.flow.limits import FlowControl
from tests.cli.command import Commanding
from tests.support.service import Opener
from tests.workflows.throttles.test_told_holds import KEY, WHY, Limited, left, told


async def test_it_lets_go_what_was_told_and_says_what_holds_until_then(
    opener: Opener, commanding: Commanding
) -> None:
    family = Limited(control=FlowControl(parallelism=2))
    async with opener(family) as sluice, commanding(sluice) as command:
        await told(sluice).hold(KEY, timedelta(hours=1), WHY)
        assert f"{KEY} throttled until" in await command.says("flow", "pause", KEY)
        said = await command.says("flow", "lift", KEY, "--note", "They are well again.")
        assert "throttled" not in said
        assert await left(sluice) == 0
        refused = await command.run("flow", "lift", "nobody")
        assert "no flow key 'nobody'" in refused.stderr
        [[note]] = await sluice.sql("SELECT note FROM sluice.audit WHERE action = 'flow_lifted'")
        assert note == "They are well again."
