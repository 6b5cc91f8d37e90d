"""Answering by a link: its signature is the right to, and no token is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse

from app.api.answer_headers import PAGE_HEADERS, SIGNED_ROUTE
from app.api.dependencies import ApiState, State
from app.api.pages import answer_form
from app.api.pages.link_answers import Sent
from app.api.routing import Router
from app.errors import BadInput, SluiceError, TooLarge, UnsupportedMedia
from app.schemas.items import SuspendedView
from app.store.steps.questions import SuspendedStep
from app.workflows.steps.answer_links import AnswerLinkClaim

BY = "link"

router = Router(any_query=True, tags=["answer"], include_in_schema=False)
"""What leads to a link, such as a mail's sender, may have added to its query."""


@router.get(SIGNED_ROUTE)
async def look(token: str, state: State) -> HTMLResponse:
    """The question. Opening it changes nothing, so programs that preview links do no harm."""
    try:
        asked, question = await _asked(state, token)
    except SluiceError as error:
        return _refused(error)
    return _page(asked, question)


@router.post(SIGNED_ROUTE)
async def answer(token: str, request: Request, state: State) -> HTMLResponse:
    try:
        asked, question = await _asked(state, token)
    except SluiceError as error:
        return _refused(error)
    sent = Sent(await request.body(), request.headers.get("content-type", ""))
    try:
        data = sent.answer(_schema(question))
        await state.answering.answer(question, data, by=BY)
    except (BadInput, TooLarge, UnsupportedMedia) as error:
        return _page(asked, question, error=error, given=sent.fields)
    except SluiceError as error:
        return _refused(error)
    return HTMLResponse(
        answer_form.told("Thank you", "The answer has been passed on."), headers=PAGE_HEADERS
    )


async def _asked(state: ApiState, token: str) -> tuple[AnswerLinkClaim, SuspendedStep]:
    asked = state.links.read(token)
    return asked, await state.answering.question(asked.run_id, asked.item_id, asked.path)


def _schema(question: SuspendedStep) -> dict[str, Any] | None:
    return (question.step.expects or {}).get("schema")


def _page(
    asked: AnswerLinkClaim,
    question: SuspendedStep,
    *,
    error: SluiceError | None = None,
    given: Mapping[str, str] | None = None,
) -> HTMLResponse:
    view = SuspendedView.of(question)
    text = answer_form.question(
        question.step.name,
        view.payload,
        view.schema_,
        shows=view.payload_schema,
        expires=f"{asked.expires_at:%d %B %Y, %H:%M} UTC",
        error=None if error is None else error.detail,
        given=given,
    )
    status = HTTPStatus.OK if error is None else error.status
    return HTMLResponse(text, status_code=status, headers=PAGE_HEADERS)


def _refused(error: SluiceError) -> HTMLResponse:
    title = "This cannot be answered" if error.status == HTTPStatus.CONFLICT else "Not found"
    # Without the ids and the status: whoever has the link need not know them.
    sentence = (
        "It was answered already, its time is over, or it is not asked any more."
        if error.status == HTTPStatus.CONFLICT
        else error.detail
    )
    return HTMLResponse(
        answer_form.told(title, sentence), status_code=error.status, headers=PAGE_HEADERS
    )
