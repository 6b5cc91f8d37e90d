"""``/v2/messages``: those that have not ended."""

from __future__ import annotations

from itertools import islice

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app.qstash_dev.http.bodies import read_json
from app.qstash_dev.http.filters import MessageFilter
from app.qstash_dev.http.views import shown_message
from app.qstash_dev.parts import QStashParts
from app.qstash_dev.refusal import QStashRefusal
from app.qstash_dev.state.message import QStashMessage

MOST_AT_ONCE = 500


def message_routes(parts: QStashParts) -> list[Route]:
    messages = parts.dispatcher.messages

    async def get(request: Request) -> JSONResponse:
        return JSONResponse(shown_message(find(request)))

    async def cancel(request: Request) -> JSONResponse:
        parts.dispatcher.cancel(find(request))
        return JSONResponse({"cancelled": 1})

    async def cancel_many(request: Request) -> JSONResponse:
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
        return JSONResponse({"cancelled": len(chosen)})

    def find(request: Request) -> QStashMessage:
        message_id: str = request.path_params["id"]
        message = messages.get(message_id)
        if message is None:
            raise QStashRefusal(
                f"There is no message {message_id[:60]!r}: it has ended, or never was.", 404
            )
        return message

    return [
        Route("/v2/messages/{id}", get, methods=["GET"]),
        Route("/v2/messages/{id}", cancel, methods=["DELETE"]),
        Route("/v2/messages", cancel_many, methods=["DELETE"]),
    ]


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
