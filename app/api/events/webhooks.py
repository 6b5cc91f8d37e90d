"""``POST /api/webhooks/{source}``: what others send by themselves, signed, and without a token."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Path, Request, Response
from pydantic import Field

from app import exact_json
from app.api.dependencies import State
from app.api.routing import Router
from app.errors import BadInput, full_stop
from app.schemas.base import Answer

router = Router(any_query=True, prefix="/api/webhooks", tags=["events"])


class WebhookTakenAnswer(Answer):
    """Says nothing of what the event leads to: its sender need not know."""

    id: str = Field(description="by which it is known")
    duplicate: bool = Field(description="it was there already, and nothing was done")


@router.post(
    "/{source}",
    status_code=202,
    openapi_extra={
        "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}}
    },
    responses={
        200: {"model": WebhookTakenAnswer, "description": "It was there already"},
        401: {"description": "It is not signed as its source signs"},
        404: {"description": "There is no such source"},
        413: {"description": "It is larger than 256 kB"},
    },
)
async def take_webhook(
    source: Annotated[str, Path(max_length=100)],
    request: Request,
    state: State,
    response: Response,
) -> WebhookTakenAnswer:
    """A signed call of a source that `SLUICE_WEBHOOKS` names becomes an event. The signature is by
    Standard Webhooks, or as GitHub or Stripe sign, and is verified before the body is parsed."""
    body = await request.body()
    headers = {name.lower(): value for name, value in request.headers.items()}
    signed = state.events.verified(source, headers, body, datetime.now(UTC))
    try:
        data = await state.limits.bodies.read(body, f"webhook {source}")
    except json.JSONDecodeError as error:
        raise BadInput(f"The body is no JSON: {error}.", field="body") from None
    except exact_json.Refused as error:
        place = error.place or "body"
        raise BadInput(full_stop(f"{place} {error.why}"), field=place) from None
    receipt = await state.events.take_webhook(source, signed, body, data)
    if receipt.duplicate:
        response.status_code = 200
    return WebhookTakenAnswer(id=receipt.id, duplicate=receipt.duplicate)
