"""``/v2/dlq``: what is not tried again by itself."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from app.qstash_dev.http.bodies import header_fields, read_json
from app.qstash_dev.http.filters import MessageFilter
from app.qstash_dev.http.views import View, shown_letter
from app.qstash_dev.parts import QStashParts
from app.qstash_dev.refusal import QStashRefusal
from app.qstash_dev.routes.messages import named
from app.qstash_dev.state.dead_letters import DeadLetter, DeadLetters
from app.qstash_dev.wire.header_fields import HeaderFields

MOST_AT_ONCE = 100
_OWN_FILTERS = frozenset({"dlqIds", "responseStatus"})


def dead_letter_routes(parts: QStashParts) -> APIRouter:
    router = APIRouter()
    letters = parts.dead_letters

    @router.get("/v2/dlq")
    async def some(request: Request) -> View:
        found, cursor = _chosen(letters, request.query_params.multi_items())
        return {"messages": [shown_letter(letter) for letter in found], **_cursor(cursor)}

    @router.get("/v2/dlq/{letter_id}")
    async def get(letter_id: str) -> View:
        return shown_letter(_find(letters, letter_id))

    @router.delete("/v2/dlq/{letter_id}")
    async def remove(letter_id: str) -> Response:
        letters.take(_find(letters, letter_id).id)
        return Response()

    @router.delete("/v2/dlq")
    async def remove_many(request: Request) -> View:
        query = [*request.query_params.multi_items(), *named(await read_json(request), "dlqIds")]
        found, cursor = _chosen(letters, query)
        for letter in found:
            letters.take(letter.id)
        return {"deleted": len(found), **_cursor(cursor)}

    @router.post("/v2/dlq/retry/{letter_id}")
    async def retry(request: Request, letter_id: str) -> JSONResponse:
        return JSONResponse(_again(parts, _find(letters, letter_id), request), 201)

    @router.post("/v2/dlq/retry")
    async def retry_many(request: Request) -> JSONResponse:
        found, cursor = _chosen(letters, request.query_params.multi_items())
        answers = [_again(parts, letter, request) for letter in found]
        return JSONResponse({"responses": answers, **_cursor(cursor)}, 201)

    return router


def _find(letters: DeadLetters, letter_id: str) -> DeadLetter:
    letter = letters.get(letter_id)
    if letter is None:
        raise QStashRefusal(f"There is no dead letter {letter_id[:60]!r}.", 404)
    return letter


def _chosen(
    letters: DeadLetters, query: list[tuple[str, str]]
) -> tuple[list[DeadLetter], int | None]:
    """Those that the query is about, and where the next ones begin; None: there are none."""
    wanted = MessageFilter.parse(query, _OWN_FILTERS)
    ids, statuses = wanted.extra.get("dlqIds"), wanted.extra.get("responseStatus")
    if ids is not None:
        return [letter for one in sorted(ids) if (letter := letters.get(one))], None

    def matches(letter: DeadLetter) -> bool:
        if statuses is not None and str(letter.answer.status) not in statuses:
            return False
        return wanted.matches(letter.message, letter.died_at)

    count = wanted.count_within(MOST_AT_ONCE, MOST_AT_ONCE)
    return letters.newest(matches, before=wanted.cursor, count=count)


def _again(parts: QStashParts, letter: DeadLetter, request: Request) -> View:
    """Publish a message like it, which takes its place."""
    message = letter.message
    ours = [pair for pair in header_fields(request).pairs if pair[0].startswith("upstash-")]
    told = message.instructions.overridden_by(HeaderFields(ours))
    [published] = parts.publisher.publish(message.url, message.body, told, message.origin)
    parts.dead_letters.take(letter.id)
    return {"messageId": published.message_id}


def _cursor(cursor: int | None) -> View:
    return {} if cursor is None else {"cursor": str(cursor)}
