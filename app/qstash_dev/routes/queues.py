"""``/v2/queues``."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.qstash_dev.http.bodies import read_object
from app.qstash_dev.http.views import View, shown_queue
from app.qstash_dev.parts import QStashParts
from app.qstash_dev.refusal import QStashRefusal


def queue_routes(parts: QStashParts) -> APIRouter:
    router = APIRouter()
    queues, dispatcher = parts.queues, parts.dispatcher

    @router.post("/v2/queues")
    @router.post("/v2/queues/")
    async def put(request: Request) -> Response:
        body = await read_object(request)
        name, parallelism = body.get("queueName"), body.get("parallelism", 1)
        paused = body.get("paused")
        if not isinstance(name, str) or type(parallelism) is not int:
            raise QStashRefusal("queueName must be a text, and parallelism a number.")
        if not isinstance(paused, bool | None):
            raise QStashRefusal("paused must be true or false.")
        dispatcher.look_at_queue(queues.change(name, parallelism=parallelism, paused=paused))
        return Response()

    @router.get("/v2/queues")
    @router.get("/v2/queues/")
    async def all_queues() -> list[View]:
        return [shown_queue(queue) for queue in queues.all()]

    @router.get("/v2/queues/{name}")
    async def get(name: str) -> View:
        return shown_queue(queues.find(name))

    @router.delete("/v2/queues/{name}")
    async def remove(name: str) -> Response:
        """What waits in it is cancelled."""
        queue = queues.remove(name)
        for message in list(queue.waiting if queue else ()):
            dispatcher.cancel(message)
        return Response()

    @router.post("/v2/queues/{name}/pause")
    async def pause(name: str) -> Response:
        queues.change(name, parallelism=None, paused=True)
        return Response()

    @router.post("/v2/queues/{name}/resume")
    async def resume(name: str) -> Response:
        dispatcher.look_at_queue(queues.change(name, parallelism=None, paused=False))
        return Response()

    return router
