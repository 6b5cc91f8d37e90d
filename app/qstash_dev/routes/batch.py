"""``/v2/batch``: many messages in one call."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app.qstash_dev.http.bodies import LARGEST_BATCH, LARGEST_MESSAGE, address_of, read_json
from app.qstash_dev.parts import QStashParts
from app.qstash_dev.refusal import QStashRefusal
from app.qstash_dev.routes.publish import acknowledged, publish_one, shown
from app.qstash_dev.state.message import MessageOrigin
from app.qstash_dev.wire.destinations import destination_of
from app.qstash_dev.wire.header_fields import HeaderFields

MOST_IN_BATCH = 1_000


def batch_routes(parts: QStashParts) -> list[Route]:
    async def batch(request: Request) -> JSONResponse:
        """In the order of what was sent; a message that is refused has its error in its place."""
        messages = await read_json(request, LARGEST_BATCH)
        if not isinstance(messages, list) or not all(_is_message(one) for one in messages):
            raise QStashRefusal("The body must be an array of objects with a destination.")
        if len(messages) > MOST_IN_BATCH:
            raise QStashRefusal(f"A batch has {MOST_IN_BATCH} messages at most.")
        answers = []
        for message in messages:
            try:
                answers.append(_publish(parts, message, address_of(request)))
            except QStashRefusal as refusal:
                answers.append({"error": refusal.error})
        return acknowledged(parts, answers)

    return [Route("/v2/batch", batch, methods=["POST"])]


def _is_message(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("destination"), str)


def _publish(parts: QStashParts, message: dict[str, Any], caller: str) -> Any:  # JSON
    headers, body, queue = message.get("headers"), message.get("body"), message.get("queue")
    if not isinstance(body, str | None) or not isinstance(queue, str | None):
        raise QStashRefusal("The body and the queue of a message must be texts.")
    if headers is not None and not _is_headers(headers):
        raise QStashRefusal("The headers of a message must be an object of texts.")
    fields = HeaderFields((headers or {}).items())
    if parts.faults.refuses(fields.get("Upstash-Deduplication-Id")):
        parts.faults.counted["refuse_in_batch"] += 1
        raise QStashRefusal("This message was refused, and might be accepted another time.")
    content = (body or "").encode()
    if len(content) > LARGEST_MESSAGE:
        raise QStashRefusal(f"The body of a message has {LARGEST_MESSAGE} bytes at most.")
    destination = destination_of(message["destination"], "")
    origin = MessageOrigin(caller_ip=caller, queue=queue or None)
    return shown(destination, publish_one(parts, destination, fields, content, origin))


def _is_headers(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(one, str) for one in value.values())
