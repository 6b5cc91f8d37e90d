"""``sluice worker`` of a service that has the families of a folder, as a process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from app.bootstrap import Urls
from tests.support.processes.forking import ROOT

MODULE = "tests.support.processes.with_families"


@contextmanager
def family_worker(
    families: Path, urls: Urls, prefix: str, log: Path, env: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """It is killed at the end, unless it has ended. ``prefix``: of its keys in Redis."""
    own = {
        "DATABASE_URL": urls.database,
        "REDIS_URL": urls.redis,
        "SLUICE_REDIS_PREFIX": prefix,
        "SLUICE_DATA_DIR": str(log.parent),
        "SLUICE_LOG_FORMAT": "json",
        **env,
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", MODULE, str(families), "worker"],
            cwd=ROOT,
            env={**os.environ, **own},
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
