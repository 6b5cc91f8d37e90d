"""One try at an HTTP call: an answer that counts, or the reason to try again."""

from __future__ import annotations

import asyncio
import hashlib
import json

import httpx2

from app.services.http.responses import read_body
from app.services.http.told_delay import told_delay
from app.workflows.contract.exceptions import CallFailed, Fatal, RetryAfter
from app.workflows.contract.steps.http_request import HttpRequest
from app.workflows.contract.steps.http_response import HttpResponse

LARGEST_BODY = 500_000
"""Bytes of an answer where nobody says otherwise. A step remembers it whole."""
PASSING = frozenset({408, 425, 429})
"""Not the request's fault, so another try may pass; so may any status from 500 on."""
OF_ALL = frozenset({429, 503})
"""Who answers so with a delay means every call, and not this one alone."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""RFC 9110, section 9.2.1: they change nothing."""
FORGOTTEN = frozenset({"set-cookie", "www-authenticate", "proxy-authenticate"})
"""Headers of an answer that are secrets, or lead to them."""


async def send(
    request: HttpRequest, http: httpx2.AsyncClient, key: str, *, largest: int = LARGEST_BODY
) -> HttpResponse:
    """
    Args:
        key: the Idempotency-Key, unless the headers have one.
        largest: bytes of the answer's body.

    Raises:
        CallFailed: another try may get an answer that counts.
        Fatal: the request cannot be sent, or its answer cannot be remembered.
        RetryAfter: the answer says when to come again, and the request that this counts for all.
    """
    headers = httpx2.Headers(dict(request.headers))
    if request.method not in SAFE:
        headers.setdefault("Idempotency-Key", key)
    # Compressed, a small body could unpack to more than we would read.
    headers["Accept-Encoding"] = "identity"
    try:
        async with (
            asyncio.timeout(request.timeout),
            http.stream(
                request.method,
                request.url,
                headers=headers,
                params=request.params,
                json=request.json,
                content=request.content,
                timeout=request.timeout,
                follow_redirects=False,
            ) as response,
        ):
            body = await read_body(response, largest + 1)
    except (TimeoutError, httpx2.TimeoutException) as error:
        raise CallFailed(f"{request.shown} did not answer within {request.timeout:g} s.") from error
    except (httpx2.InvalidURL, httpx2.UnsupportedProtocol, TypeError, ValueError) as error:
        raise Fatal(f"{request.shown} cannot be sent: {type(error).__name__}.") from None
    except httpx2.RequestError as error:
        raise CallFailed(f"{request.shown} failed: {type(error).__name__}.") from None
    status = response.status_code
    if status in PASSING or status >= 500:
        said = f"{request.shown} answered {status}."
        delay = told_delay(response)
        if request.hold and delay is not None and status in OF_ALL:
            raise RetryAfter(delay, said, hold=True)
        raise CallFailed(said, delay)
    if len(body) > largest:
        raise Fatal(f"{request.shown} answered more than {largest:,} bytes.")
    kept = {k.lower(): v for k, v in response.headers.items() if k.lower() not in FORGOTTEN}
    return HttpResponse(status, kept, body)


def idempotency_key(family: str, origin: str, item_id: str, step: str) -> str:
    """The same for every try of the step, also in a run that retries the item.

    Args:
        origin: the first run of the chain of retries.
    """
    parts = json.dumps([family, origin, item_id, step]).encode()
    return hashlib.sha256(parts).hexdigest()[:32]
