"""The calls of destinations, over HTTP."""

from __future__ import annotations

import asyncio

import httpx2

from app.qstash_dev.clock import Clock
from app.qstash_dev.delivery.signing_keys import SigningKeys
from app.qstash_dev.state.dead_letters import DestinationAnswer
from app.qstash_dev.state.message import QStashMessage

LARGEST_ANSWER = 1_000_000
"""Bytes. What is behind them is not read."""
_NO_ANSWER = 0


class HttpCalls:
    """
    Args:
        at_once: connections.
        longest: seconds that a destination has, where a message does not say.
    """

    def __init__(self, clock: Clock, keys: SigningKeys, *, at_once: int, longest: float) -> None:
        self._clock = clock
        self._keys = keys
        self._longest = longest
        self._limits = httpx2.Limits(max_connections=at_once, max_keepalive_connections=at_once)
        # Transports alone: a client follows redirects, keeps cookies and reads proxies from the
        # environment, none of which is wanted, and takes as long again for each call. That of https
        # is made when it is needed: to read the certificates takes 0.1 s.
        self._transports: dict[str, httpx2.AsyncHTTPTransport] = {}

    async def close(self) -> None:
        for transport in self._transports.values():
            await transport.aclose()

    def _transport(self, scheme: str) -> httpx2.AsyncHTTPTransport:
        if scheme not in self._transports:
            self._transports[scheme] = httpx2.AsyncHTTPTransport(
                verify=scheme == "https", limits=self._limits, trust_env=False
            )
        return self._transports[scheme]

    async def call(self, message: QStashMessage) -> DestinationAnswer:
        """Whatever goes wrong is an answer too."""
        seconds = message.instructions.timeout or self._longest
        try:
            async with asyncio.timeout(seconds):
                return await self._call(message)
        except TimeoutError:
            return _none(f"there was no answer within {seconds:g} s")
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            return _none(str(error) or type(error).__name__)

    async def _call(self, message: QStashMessage) -> DestinationAnswer:
        request = httpx2.Request(
            message.instructions.method,
            message.url,
            headers=self._headers(message),
            content=message.body,
            extensions={"timeout": {}},  # the whole call has one
        )
        response = await self._transport(request.url.scheme).handle_async_request(request)
        try:
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > LARGEST_ANSWER:
                    del body[LARGEST_ANSWER:]
                    break
        finally:
            await response.aclose()
        headers: dict[str, list[str]] = {}
        for name, value in response.headers.multi_items():
            headers.setdefault(name.title(), []).append(value)
        return DestinationAnswer(response.status_code, headers, bytes(body))

    def _headers(self, message: QStashMessage) -> list[tuple[bytes, bytes]]:
        origin = message.origin
        own = {
            "User-Agent": "Upstash-QStash",
            "Upstash-Message-Id": message.id,
            "Upstash-Retried": str(message.retried),
            "Upstash-Signature": self._keys.sign(message.url, message.body, self._clock.now()),
            "Upstash-Schedule-Id": origin.schedule_id,
            "Upstash-Topic-Name": origin.url_group,
            "Upstash-Caller-Ip": origin.caller_ip,
        }
        taken = {name.lower() for name in own}
        forwarded = [pair for pair in message.instructions.headers if pair[0] not in taken]
        ours = [(name, value) for name, value in own.items() if value]
        return [(name.encode(), value.encode()) for name, value in [*forwarded, *ours]]


def _none(why: str) -> DestinationAnswer:
    return DestinationAnswer(_NO_ANSWER, {}, b"", why)
