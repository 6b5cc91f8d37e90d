"""``/metrics``: of the API behind a token of its own, and of any process on a port of its own."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace
from typing import Self

from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.answer_headers import HEADERS
from app.api.auth.tokens import digest
from app.api.problems import problem
from app.api.root_path import inner_path
from app.errors import MethodNotAllowed, NotFound, SluiceError, Unauthorized
from app.workflows.monitoring.metrics import MetricsReadings

PATH = "/metrics"
METHODS = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class MetricsPage:
    """An ASGI app of one path.

    Args:
        token: None: whoever reaches it is answered.
        whole: it tells of the service as a whole, too.
    """

    readings: MetricsReadings
    token: SecretStr | None
    whole: bool = True

    def of_process(self) -> Self:
        return replace(self, whole=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        try:
            answer = await self._answer(request)
        except SluiceError as error:
            answer = problem(request, error)
            if isinstance(error, MethodNotAllowed):
                answer.headers["Allow"] = ", ".join(METHODS)
        await answer(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        """
        Raises:
            Unauthorized: the token is another one, or is missing.
            NotFound: there is nothing at this path.
            MethodNotAllowed: metrics are only read.
        """
        if self.token is not None and not _shows(request, self.token):
            raise Unauthorized(
                "Metrics are read with the token of SLUICE_METRICS_TOKEN, behind the word Bearer in"
                " the header Authorization. A token of SLUICE_TOKENS is none."
            )
        if inner_path(request.scope) != PATH:
            raise NotFound(f"There is nothing here but {PATH}.")
        if request.method not in METHODS:
            raise MethodNotAllowed(f"{PATH} takes {' and '.join(METHODS)}.")
        accept = request.headers.get("accept", "")
        document, media_type = await self.readings.document(accept, whole=self.whole)
        return Response(document, media_type=media_type, headers=dict(HEADERS))


class MetricsMiddleware:
    """ASGI middleware of the API: the page, where it has a token. Else there is none."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and inner_path(scope) == PATH:
            state = getattr(scope["app"].state, "api", None)  # None: the service is not open yet
            page: MetricsPage | None = state and state.metrics
            if page is not None and page.token is not None:
                await page(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _shows(request: Request, token: SecretStr) -> bool:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    known = digest(token.get_secret_value().strip())
    # Digests are of one length, so that the time it takes tells nothing of the token's.
    return scheme.lower() == "bearer" and hmac.compare_digest(known, digest(secret.strip()))
