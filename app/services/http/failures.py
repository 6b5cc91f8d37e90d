"""What went wrong with a call of an endpoint, as one of the errors of ``app.services.errors``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import httpx2

from app.services.errors import LlmError, LlmRefused, LlmUnavailable, RateLimited
from app.services.http.endpoint import Endpoint
from app.services.http.responses import read_body, said
from app.services.http.told_delay import told_delay

EXCERPT_BYTES = 8_192
EXCERPT_SECONDS = 1.0
UNSAID_WAIT = timedelta(seconds=5)
# Not the request's fault, so another delivery may pass: a timeout, a conflict, too early.
PASSING = frozenset({408, 409, 425})
# The settings of an endpoint are named alike: LLM_MODEL, IMAGE_MODEL.
WHAT_TO_DO = {
    401: "Check {0}_API_KEY.",
    403: "Check that {0}_API_KEY may use the model in {0}_MODEL.",
    404: "Check {0}_BASE_URL, which usually ends in /v1, and {0}_MODEL.",
}
OTHERWISE = "Check {0}_BASE_URL and {0}_MODEL."


@contextmanager
def unreachable(endpoint: Endpoint, seconds: float) -> Iterator[None]:
    """A call goes on within it, for ``seconds`` at most.

    Raises:
        LlmUnavailable: there was no answer, or no whole one.
    """
    at = endpoint.shown
    try:
        yield
    except (TimeoutError, httpx2.TimeoutException) as error:
        raise LlmUnavailable(f"{at} did not answer within {seconds:g} s.") from error
    except httpx2.RequestError as error:
        reason = endpoint.redact(str(error)) or type(error).__name__
        raise LlmUnavailable(f"{at} cannot be reached: {reason}") from None


def advice_of_model(status: int) -> str:
    """What to do where a model refuses a request; ``{0}``: how the settings' names begin."""
    return WHAT_TO_DO.get(status, OTHERWISE)


async def failure_of(
    endpoint: Endpoint,
    response: httpx2.Response,
    seconds: float,
    advice: Callable[[int], str] = advice_of_model,
) -> LlmError:
    """What an answer says that is no success.

    Args:
        seconds: of the whole call.
        advice: see ``advice_of_model``.
    """
    status = response.status_code
    excerpt = b""
    # The status decides; a body that does not come must not turn a 429 into a timeout.
    with suppress(TimeoutError, httpx2.RequestError):
        async with asyncio.timeout(min(EXCERPT_SECONDS, seconds / 4)):
            excerpt = await read_body(response, EXCERPT_BYTES)
    sentence = f"{endpoint.shown} answered {status}."
    if quote := said(endpoint.redact(excerpt.decode(errors="replace"))):
        sentence = f"{sentence} It said: {quote!r}"
    delay = told_delay(response)
    if status == 429 or (status == 503 and delay is not None):
        return RateLimited(sentence, retry_after=delay or UNSAID_WAIT, hold=delay is not None)
    if status >= 500 or status in PASSING:
        return LlmUnavailable(sentence, answered=status)
    what_to_do = advice(status).format(endpoint.settings)
    return LlmRefused(f"{sentence} {what_to_do}", answered=status)
