"""What becomes of whatever the official client raises: a sentence, and the status that it holds."""

from __future__ import annotations

import httpx
import pytest
from qstash.errors import DailyMessageLimitExceededError, QStashError, RateLimitExceededError

from app.engine.qstash.faults import LONGEST, QStashFault, calling_qstash
from app.redaction.redactor import IN_USE, Redactor

SECRET = "eyJ-a-token-of-somebody"


def refusal(status: int, body: str) -> QStashError:
    return QStashError(f"Request failed with status: {status}, body: {body}")


@pytest.mark.parametrize(
    ("error", "told", "answered"),
    [
        (refusal(401, "{}"), "QStash refuses the token (401): QSTASH_TOKEN must be", 401),
        (refusal(403, ""), "QStash refuses the token (403)", 403),
        (refusal(404, '{"error": "no\\nkey"}'), "QStash refuses the call (404): no key.", 404),
        (refusal(412, "as it\x1b is"), "QStash refuses the call (412): as it  is.", 412),
        (refusal(400, ""), "QStash refuses the call (400): it says nothing.", 400),
        (refusal(400, f"of {SECRET}"), "QStash refuses the call (400): of [redacted].", 400),
        (refusal(502, "<html>"), "QStash has a fault of its own just now (502).", 502),
        (QStashError("odd"), "QStash refuses the call: odd.", None),
        (DailyMessageLimitExceededError("1", "0", "9"), "QStash takes no more messages today", 429),
        (RateLimitExceededError("1", "0", "9"), "QStash takes no more calls just now", 429),
        (httpx.ConnectError(""), "QStash does not answer (ConnectError).", None),
        (TimeoutError(), "QStash does not answer (TimeoutError).", None),
        (KeyError("messages"), "What answers at QSTASH_URL is no QStash", None),
    ],
)  # fmt: skip
async def test_it_is_a_sentence_that_says_what_to_do(
    error: Exception, told: str, answered: int | None
) -> None:
    IN_USE.set(Redactor([SECRET]))
    with pytest.raises(QStashFault) as raised:
        async with calling_qstash():
            raise error
    assert raised.value.detail.startswith(told)
    assert raised.value.answered == answered
    assert raised.value.status == 503  # of our own answer


async def test_it_is_no_longer_than_one_can_read() -> None:
    with pytest.raises(QStashFault) as raised:
        async with calling_qstash():
            raise refusal(400, "x" * 100_000)
    assert len(raised.value.detail) < LONGEST + 100
