"""POSTs JSON to one endpoint of a model, with short retries, and says in which way it failed.

Errors are drawn in ``app.services.errors``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import httpx2
from tenacity import (
    AsyncRetrying,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)

from app.services.errors import LlmReplyInvalid, LlmUnavailable
from app.services.http.endpoint import Endpoint
from app.services.http.failures import EXCERPT_BYTES, failure_of, unreachable
from app.services.http.responses import check_utf8, read_body
from app.services.http.tls import CONNECT_SECONDS, http_client

WORTH_A_SHORT_RETRY = frozenset({None, 500, 502, 503, 504})


class JsonPost:
    """One endpoint; serves any number of concurrent calls.

    ``timeout`` is in seconds and bounds one try as a whole, connecting included. A lost
    connection, a timeout or a 500, 502, 503 or 504 is tried again here, up to ``tries`` in all,
    after a random wait below ``wait`` seconds that doubles up to 2 s; any longer wait is left to
    the durable layer. ``http`` stays the caller's to close; without it there is one of its own.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        max_bytes: int,
        timeout: float,
        tries: int,
        wait: float,
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._max_bytes = max_bytes
        self._timeout = timeout
        self._tries = tries
        self._wait = wait
        self._owns_http = http is None
        self._http = http_client() if http is None else http

    async def send(self, request: Mapping[str, object]) -> str:
        """The reply's text, at most ``max_bytes`` of it; raises an ``LlmError``."""
        # Made anew: a Retrying that is shared mixes up the attempts of concurrent calls.
        retrying = AsyncRetrying(
            retry=retry_if_exception(_is_short_lived),
            stop=stop_after_attempt(self._tries),
            wait=wait_random_exponential(multiplier=self._wait, max=2.0),
            reraise=True,
        )
        body: bytes = await retrying(self._post, request)
        # Before anything reads it, so that no error can quote a secret that the server echoed.
        text = self._endpoint.redact(body.decode(errors="replace"))
        check_utf8(body, text)
        return text

    async def aclose(self) -> None:
        """Closes the connections, unless they are the caller's."""
        if self._owns_http:
            await self._http.aclose()

    async def _post(self, request: Mapping[str, object]) -> bytes:
        at = self._endpoint.shown
        with unreachable(self._endpoint, self._timeout):
            async with (
                asyncio.timeout(self._timeout),
                self._http.stream(
                    "POST",
                    self._endpoint.url,
                    json=request,
                    auth=self._endpoint.auth,
                    # Compressed, a small body could unpack to more than we would read.
                    headers={"Accept": "application/json", "Accept-Encoding": "identity"},
                    timeout=httpx2.Timeout(self._timeout, connect=CONNECT_SECONDS),
                    follow_redirects=False,
                ) as response,
            ):
                if not response.is_success:
                    raise await failure_of(self._endpoint, response, self._timeout)
                body = await read_body(response, self._max_bytes + 1)
        if len(body) > self._max_bytes:
            text = self._endpoint.redact(body[:EXCERPT_BYTES].decode(errors="replace"))
            raise LlmReplyInvalid(f"{at} answered more than {self._max_bytes:,} bytes.", text=text)
        return body


def _is_short_lived(error: BaseException) -> bool:
    return isinstance(error, LlmUnavailable) and error.answered in WORTH_A_SHORT_RETRY
