"""A check that comes with Sluice: an address that says whether all is well."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx2

from app.errors import ConfigurationError
from app.workflows.contract.context import Context

ANSWER_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class HealthAddress:
    """``GET`` of this URL must be answered with 2xx within 5 seconds. A redirect is none, and what
    the answer holds is not read. The URL may hold a secret, so of it the host alone is told."""

    url: str = field(repr=False)
    host: str = field(init=False)

    def __post_init__(self) -> None:
        try:
            parts = urlsplit(self.url)
            host, port = parts.hostname, parts.port
        except ValueError:
            parts, host, port = None, None, None
        if parts is None or parts.scheme not in ("http", "https") or not host or port == 0:
            raise ConfigurationError(
                "HealthAddress(…) is a URL such as https://example.com/healthz."
            )
        object.__setattr__(self, "host", host if port is None else f"{host}:{port}")

    async def __call__(self, ctx: Context) -> str | None:
        try:
            async with (
                asyncio.timeout(ANSWER_SECONDS),
                ctx.services.http.stream(
                    "GET", self.url, follow_redirects=False, timeout=ANSWER_SECONDS
                ) as answer,
            ):
                if answer.is_success:
                    return None
                return f"the health address of {self.host} answers {answer.status_code}"
        except (TimeoutError, httpx2.TimeoutException):
            return f"the health address of {self.host} has not answered in {ANSWER_SECONDS:g} s"
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            # What it says itself may quote the URL.
            return f"the health address of {self.host} cannot be reached: {type(error).__name__}"
