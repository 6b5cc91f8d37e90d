"""``/v2/publish`` and ``/v2/enqueue``: one message."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app.qstash_dev.delivery.publisher import Published
from app.qstash_dev.http.bodies import address_of, header_fields, path_behind, read_body
from app.qstash_dev.parts import QStashParts
from app.qstash_dev.routes.schedules import make_schedule
from app.qstash_dev.state.deduplication import deduplication_id
from app.qstash_dev.state.message import MessageOrigin
from app.qstash_dev.wire.destinations import destination_of, is_url
from app.qstash_dev.wire.header_fields import HeaderFields
from app.qstash_dev.wire.instructions import Instructions


def publish_routes(parts: QStashParts) -> list[Route]:
    async def publish(request: Request) -> JSONResponse:
        destination = destination_of(path_behind(request, "/v2/publish/"), request.url.query)
        fields, body = header_fields(request), await read_body(request)
        if fields.get("Upstash-Cron") is not None:
            return JSONResponse(make_schedule(parts, destination, fields, body, request))
        origin = MessageOrigin(caller_ip=address_of(request))
        return _answer(parts, destination, publish_one(parts, destination, fields, body, origin))

    async def enqueue(request: Request) -> JSONResponse:
        path = path_behind(request, "/v2/enqueue/").partition("/")[2]
        destination = destination_of(path, request.url.query)
        fields, body = header_fields(request), await read_body(request)
        origin = MessageOrigin(caller_ip=address_of(request), queue=request.path_params["queue"])
        return _answer(parts, destination, publish_one(parts, destination, fields, body, origin))

    return [
        Route("/v2/publish/{destination:path}", publish, methods=["POST"]),
        Route("/v2/enqueue/{queue}/{destination:path}", enqueue, methods=["POST"]),
    ]


def publish_one(
    parts: QStashParts, destination: str, fields: HeaderFields, body: bytes, origin: MessageOrigin
) -> list[Published]:
    """
    Raises:
        QStashRefusal: it cannot be published; nothing was.
    """
    told = deduplication_id(fields, destination, body)
    instructions = Instructions.parse(fields)
    return parts.publisher.publish(destination, body, instructions, origin, told)


def shown(destination: str, published: list[Published]) -> object:
    """As JSON: of a URL an object, of a URL group a list."""
    answers = []
    for one in published:
        answer: dict[str, object] = {"messageId": one.message_id}
        if not is_url(destination):
            answer["url"] = one.url
        if one.deduplicated:
            answer["deduplicated"] = True
        answers.append(answer)
    return answers[0] if is_url(destination) else answers


def acknowledged(parts: QStashParts, answer: object, status: int = 200) -> JSONResponse:
    """The answer, unless it is to be lost."""
    if parts.faults.loses_acknowledgement():
        parts.faults.counted["lose_acknowledgement"] += 1
        return JSONResponse({"error": "This answer was lost, and the messages were not."}, 500)
    return JSONResponse(answer, status)


def _answer(parts: QStashParts, destination: str, published: list[Published]) -> JSONResponse:
    every = bool(published) and all(one.deduplicated for one in published)
    return acknowledged(parts, shown(destination, published), 202 if every else 200)
