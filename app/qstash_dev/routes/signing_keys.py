"""``/v2/keys``."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app.qstash_dev.parts import QStashParts


def signing_key_routes(parts: QStashParts) -> list[Route]:
    keys = parts.signing_keys

    async def get(_request: Request) -> JSONResponse:
        return JSONResponse({"current": keys.current, "next": keys.next})

    async def rotate(request: Request) -> JSONResponse:
        keys.rotate()
        return await get(request)

    return [
        Route("/v2/keys", get, methods=["GET"]),
        Route("/v2/keys/rotate", rotate, methods=["POST"]),
    ]
