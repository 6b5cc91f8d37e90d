"""``/v2/messages``: those that have not ended."""

from __future__ import annotations

from itertools import islice

from fastapi import APIRouter, Request

from app.qstash_dev.http.bodies import read_json
from app.qstash_dev.http.filters import MessageFilter
from app.qstash_dev.http.views import View, shown_message
from app.qstash_dev.parts import QStashParts
from app.qstash_dev.refusal import QStashRefusal
from app.qstash_dev.state.message import QStashMessage

MOST_AT_ONCE = 500


def message_routes(parts: QStashParts) -> APIRouter:
    router = APIRouter()
    messages = parts.dispatcher.messages

    @router.get("/v2/messages/{message_id}")
    async def get(message_id: str) -> View:
        return shown_message(find(message_id))

    @router.delete("/v2/messages/{message_id}")
    async def cancel(message_id: str) -> View:
        parts.dispatcher.cancel(find(message_id))
        return {"cancelled": 1}

    @router.delete("/v2/messages")
    async def cancel_many(request: Request) -> View:
        """Those that are named, those that the filter fits, or all."""
        query = [
            *request.query_params.multi_items(),
            *named(await read_json(request), "messageIds"),
        ]
        wanted = MessageFilter.parse(query)
        if "messageIds" in wanted.texts:
            wanted = MessageFilter({"messageIds": wanted.texts["messageIds"]}, count=wanted.count)
        most = None if wanted.count is None else wanted.count_within(MOST_AT_ONCE, MOST_AT_ONCE)
        fitting = (
            message
            for message in messages.values()
            if not message.cancel_requested and wanted.matches(message, message.created_at)
        )
        chosen = list(islice(fitting, most))
        for message in chosen:
            parts.dispatcher.cancel(message)
        return {"cancelled": len(chosen)}

    def find(message_id: str) -> QStashMessage:
        message = messages.get(message_id)
        if message is None:
            raise QStashRefusal(
                f"There is no message {message_id[:60]!r}: it has ended, or never was.", 404
            )
        return message

    return router


def named(body: object, name: str) -> list[tuple[str, str]]:
    """Ids that stand in a body, as clients send them too, as they would stand in the query.

    Raises:
        QStashRefusal: it is no object with a list of texts.
    """
    if body is None:
        return []
    ids = body.get(name) if isinstance(body, dict) else None
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in ids):
        raise QStashRefusal(f"The body must be an object with {name}, a list of texts.")
    # None of them means none, and not all that there are.
    return [(name, one) for one in ids or ["none"]]
