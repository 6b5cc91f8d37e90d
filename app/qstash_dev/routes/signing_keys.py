"""``/v2/keys``."""

from __future__ import annotations

from fastapi import APIRouter

from app.qstash_dev.parts import QStashParts


def signing_key_routes(parts: QStashParts) -> APIRouter:
    router = APIRouter()
    keys = parts.signing_keys

    @router.get("/v2/keys")
    async def get() -> dict[str, str]:
        return {"current": keys.current, "next": keys.next}

    @router.post("/v2/keys/rotate")
    async def rotate() -> dict[str, str]:
        keys.rotate()
        return {"current": keys.current, "next": keys.next}

    return router
