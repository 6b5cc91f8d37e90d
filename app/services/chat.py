"""Asks an OpenAI-compatible chat completions endpoint for an answer of a given shape.

The request and the reply are those of platform.openai.com/docs/api-reference/chat; OpenAI, vLLM,
Ollama, LiteLLM and most gateways speak it. Errors are drawn in ``app.services.errors``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeVar

import httpx2
from pydantic import BaseModel
from tenacity import (
    AsyncRetrying,
    retry_if_exception,
    stop_after_attempt,
    wait_random_exponential,
)

from app.services.chat_reply import (
    EXCERPT_BYTES,
    MAX_BODY_BYTES,
    check_utf8,
    read_body,
    read_content,
    read_shape,
    read_tokens,
    said,
)
from app.services.endpoint import Endpoint
from app.services.errors import LlmError, LlmRefused, LlmReplyInvalid, LlmUnavailable, RateLimited
from app.services.retry_after import parse_retry_after
from app.services.strict_schema import response_format

Shape = TypeVar("Shape", bound=BaseModel)

CONNECT_SECONDS = 5.0
EXCERPT_SECONDS = 1.0
UNSAID_WAIT = timedelta(seconds=5)
WORTH_A_SHORT_RETRY = frozenset({None, 500, 502, 503, 504})
# Not the request's fault, so another delivery may pass: a timeout, a conflict, too early.
PASSING = frozenset({408, 409, 425})
WHAT_TO_DO = {
    401: "Check LLM_API_KEY.",
    403: "Check that LLM_API_KEY may use the model in LLM_MODEL.",
    404: "Check LLM_BASE_URL, which usually ends in /v1, and LLM_MODEL.",
}


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of the conversation that is sent."""

    role: Literal["system", "user", "assistant"]
    content: str


class ChatClient:
    """One model behind one endpoint; one client serves any number of concurrent calls.

    ``timeout`` is in seconds and bounds one try as a whole, connecting included. A lost
    connection, a timeout or a 500, 502, 503 or 504 is tried again here, up to ``tries`` in all,
    after a random wait below ``wait`` seconds that doubles up to 2 s; any longer wait is left to
    the durable layer. ``http`` stays the caller's to close; without it the client owns one.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str | None,
        model: str,
        *,
        timeout: float = 30.0,
        tries: int = 3,
        wait: float = 0.25,
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        self.model = model
        self._endpoint = Endpoint(base_url, "/chat/completions", api_key)
        self._timeout = timeout
        self._tries = tries
        self._wait = wait
        self._owns_http = http is None
        self._http = httpx2.AsyncClient() if http is None else http

    async def complete(
        self,
        messages: Sequence[Message],
        schema: type[Shape],
        *,
        spent: Callable[[int], None] = lambda _: None,
    ) -> Shape:
        """The model's answer as one ``schema``; raises an ``LlmError``.

        Args:
            spent: told of the tokens that were used, also where the answer cannot be.
        """
        request = {
            "model": self.model,
            "messages": [asdict(message) for message in messages],
            "response_format": response_format(schema),
        }
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
        spent(read_tokens(text))
        return read_shape(read_content(text), schema)

    async def aclose(self) -> None:
        """Closes the connections, unless they are the caller's."""
        if self._owns_http:
            await self._http.aclose()

    async def _post(self, request: dict[str, object]) -> bytes:
        at = self._endpoint.shown
        try:
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
                    raise await self._error(response)
                body = await read_body(response, MAX_BODY_BYTES + 1)
        except (TimeoutError, httpx2.TimeoutException) as error:
            raise LlmUnavailable(f"{at} did not answer within {self._timeout:g} s.") from error
        except httpx2.RequestError as error:
            reason = self._endpoint.redact(str(error)) or type(error).__name__
            raise LlmUnavailable(f"{at} cannot be reached: {reason}") from None
        if len(body) > MAX_BODY_BYTES:
            text = self._endpoint.redact(body[:EXCERPT_BYTES].decode(errors="replace"))
            raise LlmReplyInvalid(f"{at} answered more than {MAX_BODY_BYTES:,} bytes.", text=text)
        return body

    async def _error(self, response: httpx2.Response) -> LlmError:
        status = response.status_code
        excerpt = b""
        # The status decides; a body that does not come must not turn a 429 into a timeout.
        with suppress(TimeoutError, httpx2.RequestError):
            async with asyncio.timeout(min(EXCERPT_SECONDS, self._timeout / 4)):
                excerpt = await read_body(response, EXCERPT_BYTES)
        sentence = f"{self._endpoint.shown} answered {status}."
        if quote := said(self._endpoint.redact(excerpt.decode(errors="replace"))):
            sentence = f"{sentence} It said: {quote!r}"
        delay = parse_retry_after(response.headers.get("Retry-After"), now=datetime.now(UTC))
        if status == 429 or (status == 503 and delay is not None):
            return RateLimited(sentence, retry_after=delay or UNSAID_WAIT)
        if status >= 500 or status in PASSING:
            return LlmUnavailable(sentence, answered=status)
        advice = WHAT_TO_DO.get(status, "Check LLM_BASE_URL and LLM_MODEL.")
        return LlmRefused(f"{sentence} {advice}", answered=status)


def _is_short_lived(error: BaseException) -> bool:
    return isinstance(error, LlmUnavailable) and error.answered in WORTH_A_SHORT_RETRY
