"""Logs that a file of the families is newer than the process."""

from __future__ import annotations

import asyncio

import structlog

from app.workflows.registry.family_files import FamilyFiles

LOOK_EVERY = 5.0
"""Seconds between two looks."""

log = structlog.get_logger("sluice")


async def tell_newer(files: FamilyFiles, *, every: float = LOOK_EVERY) -> None:
    """Log each such file once. Runs until cancelled."""
    told: set[str] = set()
    while True:
        await asyncio.sleep(every)
        for name in await asyncio.to_thread(files.newer):
            if name not in told:
                told.add(name)
                log.warning("family_file_newer", file=name, hint="restart the API and each worker")
