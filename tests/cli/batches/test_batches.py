"""``sluice batches``, as processes."""

from __future__ import annotations

import pytest

from app.cli.demo.batches.local_provider import LocalProvider
from app.cli.demo.batches.provider_server import provider_server
from tests.cli.command import Commanding
from tests.support.service import Opener
from tests.workflows.deferred.asking import Deferring, asking


async def test_the_command_line_says_how_far_batches_are(
    opener: Opener, commanding: Commanding, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")  # a proxy of the machine's must not stand between
    async with (
        provider_server(LocalProvider()) as server,
        asking(opener, server)(Deferring()) as sluice,
        commanding(sluice) as command,
    ):
        assert "No batch was sent to a provider." in await command.says("batches")
        assert (await sluice.played(2)).succeeded == 2
        said = " ".join((await command.says("batches")).split())
        assert "llm small-1" in said
        assert "completed" in said
        assert "No batch was sent" in await command.says("batches", "--open")
