"""``sluice event``, as processes: sent, listed, and those that no family knows."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.command import Commanding
from tests.support.service import Opener
from tests.workflows.events.heard import Hearing, starter_of


async def test_an_event_is_sent_and_listed(
    opener: Opener, commanding: Commanding, tmp_path: Path
) -> None:
    async with opener(Hearing()) as sluice, commanding(sluice) as command:
        assert "No events were sent." in await command.says("event")
        send = ("event", "send", "user/registered", "--id", "e1", "--data")
        data = '{"user": {"id": "u1"}}'
        assert await command.says(*send, data) == (
            "user/registered e1 was taken, and asks for hearing u1\n"
        )
        assert "was there already" in await command.says(*send, data)
        assert "waits, due" in await command.says("event")
        assert await starter_of(sluice).start_due() == 1
        [[run_id]] = await sluice.sql("SELECT id FROM sluice.run")
        assert f"hearing u1: {run_id}" in " ".join((await command.says("event", "list")).split())
        file = tmp_path / "data.json"
        file.write_text(json.dumps({"any": "thing"}))
        said = await command.says("event", "send", "user/left", "--data", f"@{file}", "--json")
        assert json.loads(said)["events"][0]["unmatched"]
        assert "user/left" in await command.says("event", "unmatched")
        refused = await command.run("event", "send", "user/registered", "--data", "[]")
        assert refused.returncode == 2
        assert "--data: it must be a JSON object" in refused.stderr
        refused = await command.run("event", "send", "user/registered")
        assert "data.user.id" in refused.stderr or "is not there" in refused.stderr
