"""Forgetting what is remembered of a family's results."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Path

from app.api.dependencies import Caller, State, bearer
from app.api.routing import Router
from app.errors import NotFound
from app.schemas.workflow_answers import ForgottenAnswer
from app.schemas.workflow_bodies import ForgetBody
from app.workflows.sources.memories import forget

router = Router(prefix="/api/families", tags=["families"], dependencies=[Depends(bearer)])


@router.post("/{family}/forget")
async def forget_results(
    family: Annotated[str, Path(max_length=100)], body: ForgetBody, state: State, caller: Caller
) -> ForgottenAnswer:
    """Let these items, or all, count as not done, for all params: the next run executes them. 409
    if the family has an `existing` of its own, because Sluice then remembers nothing."""
    bound = state.families.get(family)
    if bound is None:
        raise NotFound(state.family_files.unknown(family, state.families))
    number = await forget(state.database, bound, body.item_ids, by=caller, note=body.note)
    return ForgottenAnswer(family=family, forgotten=number)
