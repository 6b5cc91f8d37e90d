"""``/v2/flowControl`` and ``/v2/globalParallelism``."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.qstash_dev.http.views import shown_key
from app.qstash_dev.parts import QStashParts
from app.qstash_dev.refusal import QStashRefusal
from app.qstash_dev.state.flow_key import FlowKey
from app.qstash_dev.wire.flow_limits import check_name


def flow_control_routes(parts: QStashParts) -> list[Route]:
    keys, dispatcher = parts.flow_keys, parts.dispatcher

    async def all_keys(_request: Request) -> JSONResponse:
        return JSONResponse([shown_key(key) for key in keys.all()])

    async def get(request: Request) -> JSONResponse:
        return JSONResponse(shown_key(keys.find(request.path_params["key"])))

    async def pause(request: Request) -> Response:
        of(request).paused = True
        return Response()

    async def resume(request: Request) -> Response:
        key = of(request)
        key.paused = False
        dispatcher.look_at_key(key)
        return Response()

    async def pin(request: Request) -> Response:
        key = keys.pin(
            request.path_params["key"],
            parallelism=_number(request, "parallelism"),
            rate=_number(request, "rate"),
            period=_number(request, "period"),
        )
        dispatcher.look_at_key(key)
        return Response()

    async def unpin(request: Request) -> Response:
        key = of(request)
        key.unpin(parallelism=_flag(request, "parallelism"), rate=_flag(request, "rate"))
        dispatcher.look_at_key(key)
        return Response()

    async def reset_rate(request: Request) -> Response:
        key = of(request)
        key.reset_rate()
        dispatcher.look_at_key(key)
        return Response()

    async def in_all(_request: Request) -> JSONResponse:
        return JSONResponse(
            {"parallelismMax": dispatcher.at_once, "parallelismCount": dispatcher.active}
        )

    def of(request: Request) -> FlowKey:
        return keys.of(check_name(request.path_params["key"], "flow-control key"))

    one = "/v2/flowControl/{key}"
    changes = {
        "pause": pause, "resume": resume, "pin": pin, "unpin": unpin, "resetRate": reset_rate,
    }  # fmt: skip
    return [
        Route("/v2/flowControl", all_keys, methods=["GET"]),
        Route(one, get, methods=["GET"]),
        *(Route(f"{one}/{name}", change, methods=["POST"]) for name, change in changes.items()),
        Route("/v2/globalParallelism", in_all, methods=["GET"]),
    ]


def _number(request: Request, name: str) -> int | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"\d{1,12}", text, re.ASCII):
        raise QStashRefusal(f"{name} must be a number from 1 on.")
    return int(text)


def _flag(request: Request, name: str) -> bool:
    text = request.query_params.get(name, "false").lower()
    if text not in ("true", "false"):
        raise QStashRefusal(f"{name} must be true or false.")
    return text == "true"
