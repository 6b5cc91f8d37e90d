"""``/v2/flowControl`` and ``/v2/globalParallelism``."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from app.qstash_dev.http.views import View, shown_key
from app.qstash_dev.parts import QStashParts
from app.qstash_dev.state.flow_key import FlowKey
from app.qstash_dev.wire.flow_limits import check_name


def flow_control_routes(parts: QStashParts) -> APIRouter:
    router = APIRouter()
    keys, dispatcher = parts.flow_keys, parts.dispatcher

    @router.get("/v2/flowControl")
    async def all_keys() -> list[View]:
        return [shown_key(key) for key in keys.all()]

    @router.get("/v2/flowControl/{name}")
    async def get(name: str) -> View:
        return shown_key(keys.find(name))

    @router.post("/v2/flowControl/{name}/pause")
    async def pause(name: str) -> Response:
        of(name).paused = True
        return Response()

    @router.post("/v2/flowControl/{name}/resume")
    async def resume(name: str) -> Response:
        key = of(name)
        key.paused = False
        dispatcher.look_at_key(key)
        return Response()

    @router.post("/v2/flowControl/{name}/pin")
    async def pin(
        name: str,
        parallelism: int | None = None,
        rate: int | None = None,
        period: int | None = None,
    ) -> Response:
        dispatcher.look_at_key(keys.pin(name, parallelism=parallelism, rate=rate, period=period))
        return Response()

    @router.post("/v2/flowControl/{name}/unpin")
    async def unpin(name: str, parallelism: bool = False, rate: bool = False) -> Response:
        key = of(name)
        key.unpin(parallelism=parallelism, rate=rate)
        dispatcher.look_at_key(key)
        return Response()

    @router.post("/v2/flowControl/{name}/resetRate")
    async def reset_rate(name: str) -> Response:
        key = of(name)
        key.reset_rate()
        dispatcher.look_at_key(key)
        return Response()

    @router.get("/v2/globalParallelism")
    async def at_once() -> View:
        return {"parallelismMax": dispatcher.at_once, "parallelismCount": dispatcher.active}

    def of(name: str) -> FlowKey:
        return keys.of(check_name(name, "flow-control key"))

    return router
