"""``/v2/events``, which newer pages call ``/v2/logs``."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app.qstash_dev.http.filters import MessageFilter
from app.qstash_dev.http.views import shown_entry
from app.qstash_dev.parts import QStashParts
from app.qstash_dev.state.event_log import LogEntry
from app.qstash_dev.state.message import MessageState

MOST_AT_ONCE = 1_000
_OWN_FILTERS = frozenset({"state"})
_IN_PROGRESS = frozenset({MessageState.ACTIVE, MessageState.RETRY, MessageState.ERROR})


def event_routes(parts: QStashParts) -> list[Route]:

    async def events(request: Request) -> JSONResponse:
        return page(request, "events")

    async def logs(request: Request) -> JSONResponse:
        return page(request, "logs")

    def page(request: Request, name: str) -> JSONResponse:
        wanted = MessageFilter.parse(request.query_params.multi_items(), _OWN_FILTERS)
        states = _states(wanted.extra.get("state"))

        def matches(entry: LogEntry) -> bool:
            if states is not None and entry.state.value not in states:
                return False
            return wanted.matches(entry.message, entry.time)

        count = wanted.count_within(MOST_AT_ONCE, MOST_AT_ONCE)
        found, cursor = parts.events.newest(matches, before=wanted.cursor, count=count)
        more = {} if cursor is None else {"cursor": str(cursor)}
        return JSONResponse({name: [shown_entry(entry) for entry in found], **more})

    return [
        Route("/v2/events", events, methods=["GET"]),
        Route("/v2/logs", logs, methods=["GET"]),
    ]


def _states(named: frozenset[str] | None) -> frozenset[str] | None:
    if named is None:
        return None
    found = set(named)
    if "IN_PROGRESS" in found:
        found |= {state.value for state in _IN_PROGRESS}
    if "CANCELLED" in found:  # as the documentation spells it
        found.add(MessageState.CANCELED.value)
    return frozenset(found)
