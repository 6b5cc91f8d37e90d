"""More work for a run that is under way: who may give it."""

from __future__ import annotations

from app.api.auth.scopes import Principal
from app.api.dependencies import ApiState
from app.store.database import reading
from app.store.runs import runs
from app.tokens import Scope
from app.workflows.contract.run_options import RunOptions


async def require_may_add_items(state: ApiState, allowed: Principal, run_id: str) -> None:
    """What somebody has approved must not grow behind their back.

    Raises:
        NotFound: there is no such run.
        Forbidden: it was to be approved, and the caller may not approve.
    """
    async with reading(state.database) as connection:
        run = await runs.get(connection, run_id)
    if RunOptions.model_validate(run.options).approval:
        allowed.require(Scope.APPROVE)
