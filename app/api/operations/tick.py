"""``POST /api/qstash/tick``: a clock's call, each minute, in place of a worker's loops.

QStash's own calls of it are signed, and reach ``QStashCalls``; any other clock brings a token.
"""

from __future__ import annotations

from fastapi import Depends
from pydantic import Field

from app.api.dependencies import State, bearer
from app.api.qstash.signed_calls import TICK
from app.api.routing import Router
from app.errors import NotFound
from app.schemas.base import Answer

router = Router(any_query=True, tags=["qstash"], dependencies=[Depends(bearer)])


class TickAnswer(Answer):
    done: list[str] = Field(description="what was seen to")
    failed: list[str] = Field(description="what was not: the service's log says why")
    cut_off: list[str] = Field(description="what took too long, and goes on with the next tick")
    elsewhere: list[str] = Field(description="what another tick has in hand")


@router.post(TICK)
async def tick(state: State) -> TickAnswer:
    """Do once what a worker's loops do: the outbox, schedules that are due, runs that stand still,
    coverage, retention and more."""
    if state.qstash is None:
        raise NotFound("SLUICE_ENGINE is postgres: the workers see to what a tick does.")
    told = await state.qstash.tick.run()
    return TickAnswer(
        done=told.done, failed=told.failed, cut_off=told.cut_off, elsewhere=told.elsewhere
    )
