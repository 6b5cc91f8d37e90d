"""One try at an HTTP call: an answer that counts, or the reason to try again."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx2

from app.services.http.responses import read_body
from app.services.http.retry_after import parse_retry_after
from app.workflows.contract.exceptions import CallFailed, Fatal
from app.workflows.contract.http_response import HttpResponse

LARGEST_BODY = 500_000
"""Bytes of an answer where nobody says otherwise. A step remembers it whole."""
PASSING = frozenset({408, 425, 429})
"""Not the request's fault, so another try may pass; so may any status from 500 on."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""RFC 9110, section 9.2.1: they change nothing."""
FORGOTTEN = frozenset({"set-cookie", "www-authenticate", "proxy-authenticate"})
"""Headers of an answer that are secrets, or lead to them."""


@dataclass(frozen=True, slots=True)
class HttpCall:
    """``timeout`` in seconds, for each try as a whole."""

    method: str
    url: str
    timeout: float
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] | None = None
    json: Any = None
    content: bytes | None = None

    @property
    def shown(self) -> str:
        """Without what may be secret: user, password, query and fragment."""
        try:
            url = httpx2.URL(self.url)
        except httpx2.InvalidURL:
            return self.method
        bare = url.copy_with(username="", password="", query=None, fragment=None)
        return f"{self.method} {bare}"

    async def send(
        self, http: httpx2.AsyncClient, key: str, *, largest: int = LARGEST_BODY
    ) -> HttpResponse:
        """
        Args:
            key: the Idempotency-Key, unless the headers have one.
            largest: bytes of the answer's body.

        Raises:
            CallFailed: another try may get an answer that counts.
            Fatal: the request cannot be sent, or its answer cannot be remembered.
        """
        headers = httpx2.Headers(dict(self.headers))
        if self.method not in SAFE:
            headers.setdefault("Idempotency-Key", key)
        # Compressed, a small body could unpack to more than we would read.
        headers["Accept-Encoding"] = "identity"
        try:
            async with (
                asyncio.timeout(self.timeout),
                http.stream(
                    self.method,
                    self.url,
                    headers=headers,
                    params=self.params,
                    json=self.json,
                    content=self.content,
                    timeout=self.timeout,
                    follow_redirects=False,
                ) as response,
            ):
                body = await read_body(response, largest + 1)
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise CallFailed(f"{self.shown} did not answer within {self.timeout:g} s.") from error
        except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, TypeError, ValueError) as error:
            raise Fatal(f"{self.shown} cannot be sent: {type(error).__name__}.") from None
        except httpx2.RequestError as error:
            raise CallFailed(f"{self.shown} failed: {type(error).__name__}.") from None
        status = response.status_code
        if status in PASSING or status >= 500:
            delay = parse_retry_after(response.headers.get("Retry-After"), now=datetime.now(UTC))
            raise CallFailed(f"{self.shown} answered {status}.", delay)
        if len(body) > largest:
            raise Fatal(f"{self.shown} answered more than {largest:,} bytes.")
        kept = {k.lower(): v for k, v in response.headers.items() if k.lower() not in FORGOTTEN}
        return HttpResponse(status, kept, body)


def idempotency_key(family: str, origin: str, item_id: str, step: str) -> str:
    """The same for every try of the step, also in a run that retries the item.

    Args:
        origin: the first run of the chain of retries.
    """
    parts = json.dumps([family, origin, item_id, step]).encode()
    return hashlib.sha256(parts).hexdigest()[:32]
