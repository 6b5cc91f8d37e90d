"""``/v2/dlq``: what is not tried again by itself."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.qstash_dev.http.bodies import header_fields, read_json
from app.qstash_dev.http.filters import MessageFilter
from app.qstash_dev.http.views import View, shown_letter
from app.qstash_dev.parts import QStashParts
from app.qstash_dev.refusal import QStashRefusal
from app.qstash_dev.routes.messages import named
from app.qstash_dev.state.dead_letters import DeadLetter, DeadLetters
from app.qstash_dev.wire.header_fields import HeaderFields

MOST_AT_ONCE = 100
_OWN_FILTERS = frozenset({"dlqIds", "responseStatus", "order"})
_ORDERS = {frozenset({"latestFirst"}): True, frozenset({"earliestFirst"}): False}


def dead_letter_routes(parts: QStashParts) -> list[Route]:
    letters = parts.dead_letters

    async def some(request: Request) -> JSONResponse:
        found, cursor = _chosen(letters, request.query_params.multi_items())
        shown = [shown_letter(letter) for letter in found]
        return JSONResponse({"messages": shown, **_cursor(cursor)})

    async def get(request: Request) -> JSONResponse:
        return JSONResponse(shown_letter(_find(letters, request.path_params["id"])))

    async def remove(request: Request) -> Response:
        letters.take(_find(letters, request.path_params["id"]).id)
        return Response()

    async def remove_many(request: Request) -> JSONResponse:
        query = [*request.query_params.multi_items(), *named(await read_json(request), "dlqIds")]
        found, cursor = _chosen(letters, query)
        for letter in found:
            letters.take(letter.id)
        return JSONResponse({"deleted": len(found), **_cursor(cursor)})

    async def retry(request: Request) -> JSONResponse:
        letter = _find(letters, request.path_params["id"])
        return JSONResponse(_again(parts, letter, request), 201)

    async def retry_many(request: Request) -> JSONResponse:
        found, cursor = _chosen(letters, request.query_params.multi_items())
        answers = [_again(parts, letter, request) for letter in found]
        return JSONResponse({"responses": answers, **_cursor(cursor)}, 201)

    return [
        Route("/v2/dlq", some, methods=["GET"]),
        Route("/v2/dlq", remove_many, methods=["DELETE"]),
        Route("/v2/dlq/retry", retry_many, methods=["POST"]),
        Route("/v2/dlq/retry/{id}", retry, methods=["POST"]),
        Route("/v2/dlq/{id}", get, methods=["GET"]),
        Route("/v2/dlq/{id}", remove, methods=["DELETE"]),
    ]


def _find(letters: DeadLetters, letter_id: str) -> DeadLetter:
    letter = letters.get(letter_id)
    if letter is None:
        raise QStashRefusal(f"There is no dead letter {letter_id[:60]!r}.", 404)
    return letter


def _chosen(
    letters: DeadLetters, query: list[tuple[str, str]]
) -> tuple[list[DeadLetter], int | None]:
    """Those that the query is about, and where the next ones begin; None: there are none.

    Raises:
        QStashRefusal: the query is none.
    """
    wanted = MessageFilter.parse(query, _OWN_FILTERS)
    ids, statuses = wanted.extra.get("dlqIds"), wanted.extra.get("responseStatus")
    newest_first = _ORDERS.get(wanted.extra.get("order", frozenset({"latestFirst"})))
    if newest_first is None:
        raise QStashRefusal("order must be earliestFirst or latestFirst.")
    if ids is not None:
        return [letter for one in sorted(ids) if (letter := letters.get(one))], None

    def matches(letter: DeadLetter) -> bool:
        if statuses is not None and str(letter.answer.status) not in statuses:
            return False
        return wanted.matches(letter.message, letter.died_at)

    count = wanted.count_within(MOST_AT_ONCE, MOST_AT_ONCE)
    return letters.page(matches, behind=wanted.cursor, count=count, newest_first=newest_first)


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
