"""Two probes, open to all: they tell nothing but yes and no."""

from __future__ import annotations

import asyncio

import structlog
from fastapi import APIRouter, Response

from app.api.deps import Answer, State

router = APIRouter(tags=["health"])
PROBE_SECONDS = 2.0

log = structlog.get_logger("sluice.api")


class ReadyAnswer(Answer):
    checks: dict[str, bool]


@router.get("/healthz")
async def healthz() -> Answer:
    """The process answers."""
    return Answer()


@router.get("/readyz")
async def readyz(state: State, response: Response) -> ReadyAnswer:
    """Everything that the service needs answers; 503 when something does not, and which."""
    names = list(state.probes)
    results = await asyncio.gather(*(_answers(name, state) for name in names))
    ready = all(results)
    response.status_code = 200 if ready else 503
    return ReadyAnswer(success=ready, checks=dict(zip(names, results, strict=True)))


async def _answers(name: str, state: State) -> bool:
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await state.probes[name]()
    except Exception as error:  # noqa: BLE001 - whatever it is, the answer is no
        log.warning("not_ready", check=name, error=type(error).__name__)
        return False
    return True
