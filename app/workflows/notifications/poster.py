"""One attempt to send a message: to an address that was checked just now, and to no other."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import httpx2

from app.errors import BadInput
from app.services.http.tls import trusted
from app.store.notifications.deliveries import SendResult
from app.workflows.notifications.addresses import (
    Address,
    AddressPolicy,
    AddressRefused,
    Resolver,
    parse_url,
)

LIMIT_SECONDS = 10.0
"""For all of it: the look-up of its name, the connection, and the head of the answer."""
CONNECT_SECONDS = 4.0
"""For each of its addresses."""
GONE = 410


@dataclass(frozen=True, slots=True)
class Poster:
    """Sends, follows no redirect, and reads no more of an answer than its head: nothing that the
    other side says is kept, but the status.

    By its address, with the name in the header Host and as what the certificate must be of: between
    the check and the connection no name server is asked again, which could say something else then.
    """

    policy: AddressPolicy
    resolver: Resolver = field(default_factory=Resolver)
    limit: float = LIMIT_SECONDS
    connect: float = CONNECT_SECONDS
    trust: Callable[[], ssl.SSLContext] = trusted

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> SendResult:
        began = time.monotonic()
        status, error = None, None
        try:
            async with asyncio.timeout(self.limit):
                status = await self._send(url, headers, body)
            error = _refusal(status)
        except (AddressRefused, BadInput) as refused:
            error = str(refused)
        except httpx2.ConnectTimeout:
            error = f"It could not be reached: no connection within {self.connect:g} seconds."
        except (TimeoutError, httpx2.TimeoutException):
            error = f"It did not answer within {self.limit:g} seconds."
        except httpx2.ConnectError as failed:
            error = "It could not be reached: " + _why(failed)
        except (httpx2.HTTPError, OSError):
            # Not what it says: there may be the address in it, or what the other side has sent.
            error = "The connection broke, or the answer was not HTTP."
        return SendResult(status, error, round(1_000 * (time.monotonic() - began)))

    async def checked(self, url: httpx2.URL) -> list[Address]:
        """The addresses of its host, now.

        Raises:
            AddressRefused: nothing is sent to one of them.
        """
        addresses = await self.resolver.addresses(url)
        for address in addresses:  # all of them: it is the name that is trusted, or is not
            self.policy.require(address, encrypted=url.scheme == "https")
        return addresses

    async def _send(self, text: str, headers: Mapping[str, str], body: bytes) -> int:
        url = parse_url(text)
        addresses = await self.checked(url)
        # No connection is kept: one that was made under another name would be used again, because
        # of the same address.
        async with httpx2.AsyncClient(
            verify=self.trust(),
            trust_env=False,
            limits=httpx2.Limits(max_keepalive_connections=0),
            timeout=httpx2.Timeout(self.limit, connect=self.connect),
        ) as client:
            for address in addresses[:-1]:
                try:
                    return await _post(client, url, address, headers, body)
                except (httpx2.ConnectError, httpx2.ConnectTimeout):
                    continue  # nothing was sent
            return await _post(client, url, addresses[-1], headers, body)


async def _post(
    client: httpx2.AsyncClient,
    url: httpx2.URL,
    address: Address,
    headers: Mapping[str, str],
    body: bytes,
) -> int:
    sent = {**headers, "Host": url.netloc.decode("ascii"), "Connection": "close"}
    async with client.stream(
        "POST",
        url.copy_with(host=str(address)),
        headers=sent,
        content=body,
        follow_redirects=False,
        extensions={"sni_hostname": url.raw_host.decode("ascii").strip("[]")},
    ) as answer:
        return answer.status_code


def _refusal(status: int) -> str | None:
    if 200 <= status < 300:
        return None
    if 300 <= status < 400:
        return f"It answered {status}, a redirect, and none is followed: give its own address."
    if status == GONE:
        return f"It answered {status}: it wants no more messages."
    return f"It answered {status}."


def _why(failed: httpx2.ConnectError) -> str:
    cause: BaseException | None = failed
    while cause is not None:
        if "CERTIFICATE_VERIFY_FAILED" in str(cause):
            return "its certificate is not one that is trusted here, or of another name."
        if isinstance(cause, ConnectionRefusedError):
            return "nobody listens there."
        cause = cause.__cause__ or cause.__context__
    return "the connection was refused, or could not be made."
