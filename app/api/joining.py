"""More work for a run that is under way: who may give it."""

from __future__ import annotations

from app.api.deps import ApiState
from app.api.scopes import Rights
from app.store import runs
from app.store.database import reading
from app.tokens import Scope
from app.workflows.options import RunOptions


async def require_joining(state: ApiState, allowed: Rights, run_id: str) -> None:
    """What somebody has approved must not grow behind their back.

    Raises:
        NotFound: there is no such run.
        Forbidden: it was to be approved, and the caller may not approve.
    """
    async with reading(state.database) as connection:
        run = await runs.get(connection, run_id)
    if RunOptions.model_validate(run.options).approval:
        allowed.require(Scope.APPROVE)
