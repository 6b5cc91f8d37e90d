"""A reverse proxy that serves a service below a path, as nginx and Ingresses do."""

from __future__ import annotations

import httpx2
from starlette.types import ASGIApp, Receive, Scope, Send

HOP_BY_HOP = frozenset({b"connection", b"keep-alive", b"transfer-encoding"})


def proxy(client: httpx2.AsyncClient, prefix: str, *, strips: bool) -> ASGIApp:
    """
    Args:
        client: its base_url is the service's.
        strips: the service never sees the prefix.
    """

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raw: bytes = scope["raw_path"]
        if not raw.startswith(f"{prefix}/".encode()):
            await send({"type": "http.response.start", "status": 404, "headers": []})
            await send({"type": "http.response.body", "body": b"of another service"})
            return
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        path = raw.decode().removeprefix(prefix) if strips else raw.decode()
        query = scope["query_string"].decode()
        request = client.build_request(
            scope["method"],
            f"{path}?{query}" if query else path,
            headers=[pair for pair in scope["headers"] if pair[0] not in HOP_BY_HOP],
            content=body,
        )
        answer = await client.send(request, stream=True)
        try:
            headers = [pair for pair in answer.headers.raw if pair[0].lower() not in HOP_BY_HOP]
            await send(
                {"type": "http.response.start", "status": answer.status_code, "headers": headers}
            )
            async for part in answer.aiter_raw():
                await send({"type": "http.response.body", "body": part, "more_body": True})
            await send({"type": "http.response.body"})
        finally:
            await answer.aclose()

    return app
