"""``/v2/topics``: URL groups."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.qstash_dev.http.bodies import read_object
from app.qstash_dev.http.views import shown_group
from app.qstash_dev.parts import QStashParts
from app.qstash_dev.refusal import QStashRefusal


def url_group_routes(parts: QStashParts) -> list[Route]:
    groups = parts.url_groups

    async def all_groups(_request: Request) -> JSONResponse:
        return JSONResponse([shown_group(group) for group in groups.all()])

    async def get(request: Request) -> JSONResponse:
        return JSONResponse(shown_group(groups.find(request.path_params["name"])))

    async def remove(request: Request) -> Response:
        groups.remove(request.path_params["name"])
        return Response()

    async def add(request: Request) -> Response:
        endpoints = await _endpoints(request)
        if not all(isinstance(one.get("url"), str) for one in endpoints):
            raise QStashRefusal("Each endpoint must have a url.")
        groups.add(
            request.path_params["name"], {one["url"]: one.get("name") or None for one in endpoints}
        )
        return Response()

    async def take_out(request: Request) -> Response:
        endpoints = await _endpoints(request)
        groups.take_out(
            request.path_params["name"],
            urls={one["url"] for one in endpoints if one.get("url")},
            names={one["name"] for one in endpoints if one.get("name")},
        )
        return Response()

    return [
        Route("/v2/topics", all_groups, methods=["GET"]),
        Route("/v2/topics/{name}", get, methods=["GET"]),
        Route("/v2/topics/{name}", remove, methods=["DELETE"]),
        Route("/v2/topics/{name}/endpoints", add, methods=["POST"]),
        Route("/v2/topics/{name}/endpoints", take_out, methods=["DELETE"]),
    ]


async def _endpoints(request: Request) -> list[dict[str, Any]]:  # JSON
    endpoints = (await read_object(request)).get("endpoints")
    if not isinstance(endpoints, list) or not all(_is_endpoint(one) for one in endpoints):
        raise QStashRefusal("endpoints must be a list of objects with url and name, both texts.")
    return endpoints


def _is_endpoint(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(value.get(field), str | None) for field in ("url", "name")
    )
