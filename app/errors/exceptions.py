"""The errors that Sluice raises on purpose.

    SluiceError
    ├── ConfigurationError      the service must not start
    ├── MalformedRequest    400 it is not HTTP
    ├── BadInput            422 what the caller sent cannot be used; names the field
    ├── Unauthorized        401 no token, or one that is not known
    ├── Forbidden           403 the token is not for this
    ├── NotFound            404
    ├── MethodNotAllowed    405
    ├── RequestTimeout      408 the caller took too long to send what it asks
    ├── Conflict            409 the present state forbids it
    │   └── InvalidTransition
    ├── TooLarge            413
    ├── AddressTooLong      414
    ├── UnsupportedMedia    415 a kind of content that is not understood
    ├── TooManyTries        429 wait a little
    ├── HeadersTooLarge     431
    └── Unavailable         503 something that we need does not answer; try again

Each one's message is a sentence that says what to do. ``status`` is the HTTP status with which
``app.api.problems`` answers it as an RFC 9457 problem document.
"""

from __future__ import annotations

from collections.abc import Mapping


def full_stop(text: str) -> str:
    """What somebody else said, as a sentence to be followed by another: it may have an end of its
    own."""
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


class SluiceError(Exception):
    """Something expected went wrong."""

    status = 500
    title = "Internal error"

    def __init__(
        self, detail: str, *, field: str | None = None, more: Mapping[str, object] | None = None
    ) -> None:
        """
        Args:
            field: of the caller's input, where one is to blame.
            more: further members of the problem document.
        """
        super().__init__(detail)
        self.detail = detail
        self.field = field
        self.more = dict(more or {})


class ConfigurationError(SluiceError):
    """A setting, a family or the environment is such that the service must not start."""

    title = "Configuration error"


class MalformedRequest(SluiceError):
    status = 400
    title = "Bad request"


class BadInput(SluiceError):
    status = 422
    title = "Unprocessable content"


class Unauthorized(SluiceError):
    status = 401
    title = "Unauthorized"


class Forbidden(SluiceError):
    status = 403
    title = "Forbidden"


class NotFound(SluiceError):
    status = 404
    title = "Not found"


class MethodNotAllowed(SluiceError):
    status = 405
    title = "Method Not Allowed"


class RequestTimeout(SluiceError):
    status = 408
    title = "Request timeout"


class Conflict(SluiceError):
    status = 409
    title = "Conflict"


class InvalidTransition(Conflict):
    """A run was asked to go where its lifecycle has no edge."""


class TooLarge(SluiceError):
    status = 413
    title = "Content too large"


class AddressTooLong(SluiceError):
    status = 414
    title = "URI too long"


class UnsupportedMedia(SluiceError):
    status = 415
    title = "Unsupported media type"


class TooManyTries(SluiceError):
    status = 429
    title = "Too many requests"


class HeadersTooLarge(SluiceError):
    status = 431
    title = "Request header fields too large"


class Unavailable(SluiceError):
    status = 503
    title = "Service unavailable"
