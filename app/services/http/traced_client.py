"""An HTTP client whose calls are traced where what makes them is."""

from __future__ import annotations

from typing import Any

import httpx2

from app.tracing.current import CURRENT


class TracedClient(httpx2.AsyncClient):
    async def send(
        self,
        request: httpx2.Request,
        **options: Any,  # httpx2's
    ) -> httpx2.Response:
        """The span ends with the head of the answer. Its address is told without user, password,
        query and fragment, which may be secret."""
        scope = CURRENT.get()
        url = request.url
        call = None if scope is None else scope.call(
            request.method,
            {
                "http.request.method": request.method,
                "server.address": url.host,
                "server.port": url.port or (443 if url.scheme == "https" else 80),
                "url.full": str(
                    url.copy_with(username="", password="", query=None, fragment=None)
                ),
            },
        )  # fmt: skip
        if call is None:
            return await super().send(request, **options)
        for name, value in call.headers.items():
            request.headers.setdefault(name, value)
        try:
            response = await super().send(request, **options)
        except BaseException as error:
            call.fail(error)
            raise
        told = {"http.response.status_code": response.status_code}
        if response.status_code >= 400:
            call.fail(str(response.status_code), told)
        else:
            call.end(told)
        return response
