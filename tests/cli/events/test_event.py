"""``sluice event``, as processes: sent, listed, and those that no family knows."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.command import Commanding
from tests.support.service import Opener
from tests.workflows.events.heard import Hearing, starter_of
from tests.workflows.events.invoices import PAID, Awaiting, steps_waiting, wait


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


async def test_an_item_that_waits_is_shown_and_the_event_that_lets_it_go_on(
    opener: Opener, commanding: Commanding
) -> None:
    async with opener(Awaiting(wait)) as sluice, commanding(sluice) as command:
        await sluice.add_users(1)
        run_id = await sluice.start()
        async with sluice.worker():
            await steps_waiting(sluice)
            shown = " ".join((await command.says("item", run_id, "u00001")).split())
            assert "waits for event invoice/paid with invoice.id = u00001" in shown
            assert "Answer it with" not in shown
            data = ("--id", "e1", "--data", '{"invoice": {"id": "u00001"}}')
            said = await command.says("event", "send", PAID, *data)
            assert said == f"{PAID} e1 was taken, and lets 1 item go on\n"
            await sluice.ended(run_id)
        listed = " ".join((await command.says("event", "list", "--name", PAID)).split())
        assert f"1 item went on: {run_id}" in listed
        assert "No event other was sent." in await command.says("event", "list", "--name", "other")
