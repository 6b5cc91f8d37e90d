"""``/v2/schedules``."""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.qstash_dev.http.bodies import address_of, header_fields, path_behind, read_body
from app.qstash_dev.http.views import View, shown_schedule
from app.qstash_dev.parts import QStashParts
from app.qstash_dev.refusal import QStashRefusal
from app.qstash_dev.state.schedules import QStashSchedule, new_schedule_id
from app.qstash_dev.wire.cron_times import CronTimes
from app.qstash_dev.wire.destinations import destination_of
from app.qstash_dev.wire.flow_limits import check_name
from app.qstash_dev.wire.header_fields import HeaderFields
from app.qstash_dev.wire.instructions import Instructions


def schedule_routes(parts: QStashParts) -> list[Route]:
    schedules = parts.schedules

    async def all_schedules(_request: Request) -> JSONResponse:
        return JSONResponse([shown_schedule(schedule) for schedule in schedules.all()])

    async def get(request: Request) -> JSONResponse:
        return JSONResponse(shown_schedule(schedules.find(request.path_params["id"])))

    async def remove(request: Request) -> Response:
        schedules.remove(request.path_params["id"])
        return Response()

    async def pause(request: Request) -> Response:
        schedules.find(request.path_params["id"]).paused = True
        return Response()

    async def resume(request: Request) -> Response:
        schedules.find(request.path_params["id"]).paused = False
        return Response()

    async def put(request: Request) -> JSONResponse:
        destination = destination_of(path_behind(request, "/v2/schedules/"), request.url.query)
        fields, body = header_fields(request), await read_body(request)
        return JSONResponse(make_schedule(parts, destination, fields, body, request))

    return [
        Route("/v2/schedules", all_schedules, methods=["GET"]),
        Route("/v2/schedules/{id}", get, methods=["GET"]),
        Route("/v2/schedules/{id}", remove, methods=["DELETE"]),
        # The documentation says POST, and the official client for Python PATCH.
        Route("/v2/schedules/{id}/pause", pause, methods=["POST", "PATCH"]),
        Route("/v2/schedules/{id}/resume", resume, methods=["POST", "PATCH"]),
        Route("/v2/schedules/{destination:path}", put, methods=["POST"]),
    ]


def make_schedule(
    parts: QStashParts, destination: str, fields: HeaderFields, body: bytes, request: Request
) -> View:
    """
    Raises:
        QStashRefusal: it cannot be made; nothing was changed.
    """
    cron = fields.get("Upstash-Cron")
    if cron is None:
        raise QStashRefusal("Upstash-Cron is missing.")
    queue = fields.get("Upstash-Queue-Name")
    schedule = QStashSchedule(
        id=fields.get("Upstash-Schedule-Id") or new_schedule_id(),
        destination=destination,
        times=CronTimes.parse(cron),
        body=body,
        # A moment would be the same for every message: a schedule has delays only.
        instructions=replace(Instructions.parse(fields), not_before=None),
        queue=None if queue is None else check_name(queue, "queue"),
        caller_ip=address_of(request),
        created_at=parts.clock.now(),
    )
    parts.schedules.put(schedule)
    return {"scheduleId": schedule.id}
