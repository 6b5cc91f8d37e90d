"""``/v2/topics``: URL groups."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.qstash_dev.http.bodies import read_object
from app.qstash_dev.http.views import View, shown_group
from app.qstash_dev.parts import QStashParts
from app.qstash_dev.refusal import QStashRefusal


def url_group_routes(parts: QStashParts) -> APIRouter:
    router = APIRouter()
    groups = parts.url_groups

    @router.get("/v2/topics")
    async def all_groups() -> list[View]:
        return [shown_group(group) for group in groups.all()]

    @router.get("/v2/topics/{name}")
    async def get(name: str) -> View:
        return shown_group(groups.find(name))

    @router.delete("/v2/topics/{name}")
    async def remove(name: str) -> Response:
        groups.remove(name)
        return Response()

    @router.post("/v2/topics/{name}/endpoints")
    async def add(request: Request, name: str) -> Response:
        endpoints = await _endpoints(request)
        if not all(isinstance(one.get("url"), str) for one in endpoints):
            raise QStashRefusal("Each endpoint must have a url.")
        groups.add(name, {one["url"]: one.get("name") or None for one in endpoints})
        return Response()

    @router.delete("/v2/topics/{name}/endpoints")
    async def take_out(request: Request, name: str) -> Response:
        endpoints = await _endpoints(request)
        groups.take_out(
            name,
            urls={one["url"] for one in endpoints if one.get("url")},
            names={one["name"] for one in endpoints if one.get("name")},
        )
        return Response()

    return router


async def _endpoints(request: Request) -> list[dict[str, Any]]:  # JSON
    endpoints = (await read_object(request)).get("endpoints")
    if not isinstance(endpoints, list) or not all(_is_endpoint(one) for one in endpoints):
        raise QStashRefusal("endpoints must be a list of objects with url and name, both texts.")
    return endpoints


def _is_endpoint(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(value.get(field), str | None) for field in ("url", "name")
    )
