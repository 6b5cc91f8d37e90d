"""What can go wrong between us and a model that writes or paints.

    LlmError                502
    ├── RateLimited         503 come back after ``retry_after``
    ├── LlmUnavailable      503 no answer, or one that says that the server is unwell
    ├── LlmRefused          502 the request as it stands will never be answered: fix the settings
    └── LlmReplyInvalid     502 an answer that cannot be used; ``text`` keeps what it said

Families need not catch any of these: the durable layer redelivers the item with backoff, and
after ``retry_after`` where there is one. No message holds an API key, a password or a query.
"""

from __future__ import annotations

from datetime import timedelta

from app.errors import SluiceError

KEPT_CHARS = 500


class LlmError(SluiceError):
    """A model did not do what it was asked."""

    status = 502
    title = "Model error"


class RateLimited(LlmError):
    """The endpoint asks us to slow down; waiting belongs to the durable layer, not to a worker.

    ``hold``: it has said until when, which is meant for everybody who calls it with our key.
    """

    status = 503
    title = "Model rate limit"

    def __init__(self, detail: str, *, retry_after: timedelta, hold: bool = False) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
        self.hold = hold


class LlmUnavailable(LlmError):
    """Raised after the short retries. ``answered`` is the HTTP status, None if nothing came."""

    status = 503
    title = "Model unavailable"

    def __init__(self, detail: str, *, answered: int | None = None) -> None:
        super().__init__(detail)
        self.answered = answered


class LlmRefused(LlmError):
    """The endpoint refused the request (400, 401, 403, 404, …); ``answered`` is the status.

    ``systemic``: it would refuse every other one as well, until the settings or the account change.
    Unless it is said, the status tells. Else ``terminal``: for this one no other attempt can help.
    """

    title = "Model refused the request"

    def __init__(self, detail: str, *, answered: int, systemic: bool | None = None) -> None:
        super().__init__(detail)
        self.answered = answered
        self.systemic = answered in (401, 402, 403, 404) if systemic is None else systemic
        self.terminal = not self.systemic


class LlmReplyInvalid(LlmError):
    """The reply is not what the schema asked for; ``text`` is its start, at most 500 characters."""

    title = "Model reply is not usable"

    def __init__(self, detail: str, *, text: str) -> None:
        self.text = cut(text)
        super().__init__(f"{detail} It said: {self.text!r}" if self.text else detail)


def cut(text: str, length: int = KEPT_CHARS) -> str:
    """The start of ``text``, at most ``length`` characters, the last one … where it was cut."""
    return text if len(text) <= length else text[: length - 1] + "…"
