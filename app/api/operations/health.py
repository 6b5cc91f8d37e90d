"""Two probes, open to all: they tell what is wrong, and nothing of where the servers are."""

from __future__ import annotations

import asyncio

from fastapi import Response

from app.api.dependencies import State
from app.api.routing import Router
from app.connections.faults import away, fault
from app.errors import SluiceError
from app.schemas.base import Answer

router = Router(any_query=True, tags=["health"])
PROBE_SECONDS = 2.0
SILENT = "It did not answer within two seconds."
UNKNOWN = "It answered with an error, and the service's log says which."


class ReadyAnswer(Answer):
    checks: dict[str, bool]
    reasons: dict[str, str]
    """A sentence for each check that failed."""


@router.get("/healthz")
async def healthz() -> Answer:
    """The process answers."""
    return Answer()


@router.get(
    "/readyz", responses={503: {"model": ReadyAnswer, "description": "Something does not answer"}}
)
async def readyz(state: State, response: Response) -> ReadyAnswer:
    """Everything that the service needs answers; 503 when something does not, and which."""
    names = list(state.probes)
    found = await asyncio.gather(*(_reason(name, state) for name in names))
    reasons = {name: reason for name, reason in zip(names, found, strict=True) if reason}
    response.status_code = 503 if reasons else 200
    return ReadyAnswer(
        success=not reasons, checks={name: name not in reasons for name in names}, reasons=reasons
    )


async def _reason(name: str, state: State) -> str | None:
    """Why the answer is no; None: it is yes."""
    not_ready = state.faults.setdefault(name, fault("sluice.api", "not_ready"))
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await state.probes[name]()
    except Exception as error:  # noqa: BLE001 - whatever it is, the answer is no
        not_ready.seen(error, check=name)
        return _sentence(error)
    not_ready.over(check=name)
    return None


def _sentence(error: Exception) -> str:
    if isinstance(error, SluiceError):
        return error.detail
    if isinstance(error, TimeoutError):
        return SILENT
    return away(error) or UNKNOWN
