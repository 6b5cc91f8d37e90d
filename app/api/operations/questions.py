"""What items wait for people for, whichever their run."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import Depends, Query

from app.api.dependencies import Cursor, Limit, State, bearer
from app.api.pagination import Paging
from app.api.routing import Router
from app.schemas.items import QuestionsAnswer, QuestionView
from app.store.database import reading
from app.store.steps import questions
from app.store.steps.steps import StepId

LARGEST = 10_000
"""Bytes of a payload, as JSON, that the list shows."""

router = Router(prefix="/api/suspended", tags=["runs"], dependencies=[Depends(bearer)])


@router.get("")
async def list_questions(
    state: State,
    family: Annotated[str | None, Query(max_length=100)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> QuestionsAnswer:
    """Questions of all runs that have not ended, those of the oldest run first. A payload of more
    than 10,000 bytes is left out, and `payloadOmitted` says so."""
    paging = Paging(state.cursors, f"questions:{family or ''}", limit, cursor)
    async with reading(state.database) as connection:
        found = await questions.waiting_anywhere(
            connection,
            family=family,
            after=_place(paging.after),
            limit=paging.wanted,
            largest=LARGEST,
        )
    page = paging.page_of(found, lambda question: json.dumps(question.id))
    return QuestionsAnswer(
        questions=[QuestionView.of(question) for question in page.rows],
        next_cursor=page.next_cursor,
    )


def _place(told: str | None) -> StepId:
    if told is None:
        return ("", "", "")
    run_id, item_id, name = json.loads(told)  # as it was signed
    return (run_id, item_id, name)
