"""``/v2/queues``."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.qstash_dev.http.bodies import read_object
from app.qstash_dev.http.views import shown_queue
from app.qstash_dev.parts import QStashParts
from app.qstash_dev.refusal import QStashRefusal


def queue_routes(parts: QStashParts) -> list[Route]:
    queues, dispatcher = parts.queues, parts.dispatcher

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

    async def all_queues(_request: Request) -> JSONResponse:
        return JSONResponse([shown_queue(queue) for queue in queues.all()])

    async def get(request: Request) -> JSONResponse:
        return JSONResponse(shown_queue(queues.find(_name(request))))

    async def remove(request: Request) -> Response:
        """What waits in it is cancelled."""
        queue = queues.get(_name(request))
        for message in list(queue.waiting if queue else ()):
            dispatcher.cancel(message)
        queues.remove(_name(request))
        return Response()

    async def pause(request: Request) -> Response:
        queues.change(_name(request), parallelism=None, paused=True)
        return Response()

    async def resume(request: Request) -> Response:
        queue = queues.change(_name(request), parallelism=None, paused=False)
        dispatcher.look_at_queue(queue)
        return Response()

    return [
        # The documentation writes both.
        *(Route(path, put, methods=["POST"]) for path in ("/v2/queues", "/v2/queues/")),
        *(Route(path, all_queues, methods=["GET"]) for path in ("/v2/queues", "/v2/queues/")),
        Route("/v2/queues/{name}", get, methods=["GET"]),
        Route("/v2/queues/{name}", remove, methods=["DELETE"]),
        Route("/v2/queues/{name}/pause", pause, methods=["POST"]),
        Route("/v2/queues/{name}/resume", resume, methods=["POST"]),
    ]


def _name(request: Request) -> str:
    name: str = request.path_params["name"]
    return name
