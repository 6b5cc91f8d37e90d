"""``sluice notify``, as processes: who is told, tried, and told again."""

from __future__ import annotations

import json

from standardwebhooks import Webhook

from tests.cli.command import Commanding
from tests.support.families import Recording
from tests.support.network.llm_server import Server, response
from tests.support.patience import PATIENCE
from tests.support.service import Opener
from tests.workflows.notifications.told import FINE, LOOPBACK, deliveries, sender


async def test_a_target_is_added_tried_told_again_and_removed(
    opener: Opener, commanding: Commanding, server: Server
) -> None:
    server.answers = [FINE, response(404, b""), FINE]
    async with opener(Recording(), **LOOPBACK) as sluice, commanding(sluice) as command:
        assert "Nobody is told." in await command.says("notify")
        url = f"{server.url}/of-the-path-of-it"
        said = await command.says(
            "notify", "add", url, "--name", "on-call", "--event", "run.failed",
            "--family", "recording", "--note", "For the night.",
        )  # fmt: skip
        first, second, third = said.splitlines()
        assert first == f"on-call is told at http://127.0.0.1:{server.port}/…"
        secret = second.removeprefix("Its messages are signed with ")
        assert "not shown again" in third
        listed = await command.says("notify", "list")
        assert "on-call" in listed
        assert "run.failed" in listed
        assert "of-the-path-of-it" not in listed + said
        assert "whsec_" not in listed
        assert "It arrived" in await command.says("notify", "test", "on-call")
        [(_, headers, body)] = server.requests
        assert Webhook(secret).verify(body, headers)["type"] == "test"
        failed = await command.run("notify", "test", "on-call")
        assert failed.returncode == 1
        assert failed.stdout == "It did not arrive. It answered 404.\n"
        table = await command.says("notify", "deliveries", "on-call", "--status", "failed")
        assert "It answered 404." in table
        sent, lost = await deliveries(sluice)
        said = await command.says("notify", "resend", "on-call", str(lost.id))
        assert said == "test is sent again.\n"
        await sender(sluice).round(PATIENCE)
        shown = json.loads(await command.says("notify", "deliveries", "on-call", "--json"))
        assert [one["status"] for one in shown["deliveries"]] == ["delivered", "delivered"]
        assert "is told again" in await command.says("notify", "enable", "on-call")
        assert await command.says("notify", "remove", "on-call") == "on-call is told no more.\n"
        assert json.loads(await command.says("notify", "--json"))["targets"] == []
        assert sent.message_id != lost.message_id
