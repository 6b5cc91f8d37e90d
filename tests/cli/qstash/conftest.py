"""``sluice qstash …`` as a process, and the QStash that it calls in this one."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.qstash_dev.delivery.faults import Faults
from app.qstash_dev.options import QStashOptions
from app.qstash_dev.server import LocalQStash, local_qstash
from tests.cli.command import Sluice

APP_URL = "http://127.0.0.1:9/below"


@dataclass
class Asked:
    """Commands, and what they ask."""

    qstash: LocalQStash
    faults: Faults
    env: dict[str, str]
    shown: list[str] = field(default_factory=list)
    """All that they have printed."""

    async def says(self, *args: str, **env: str) -> str:
        ended = await asyncio.to_thread(self._sluice(env).run, "qstash", *args)
        self.shown += [ended.stdout, ended.stderr]
        assert (ended.returncode, ended.stderr) == (0, ""), ended
        return ended.stdout

    async def refused(self, *args: str, **env: str) -> str:
        told = await asyncio.to_thread(self._sluice(env).refused, "qstash", *args)
        self.shown.append(told)
        return told

    def _sluice(self, env: dict[str, str]) -> Sluice:
        return Sluice({**self.env, **env})


@pytest.fixture
async def asked(tmp_path: Path) -> AsyncIterator[Asked]:
    faults = Faults()
    async with local_qstash(QStashOptions(), faults) as qstash:
        env = {
            **os.environ,
            **qstash.variables,
            "SLUICE_ENGINE": "qstash",
            "SLUICE_DATA_DIR": str(tmp_path),
            "APP_URL": APP_URL,
        }
        asked = Asked(qstash, faults, env)
        yield asked
        secrets = set(qstash.variables.values()) - {qstash.url}
        assert not any(secret in text for secret in secrets for text in asked.shown)
