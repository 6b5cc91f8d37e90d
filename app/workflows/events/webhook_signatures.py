"""Whether a call is signed by whom it says it is of: three schemes, over the body as it came.

Each is held against every secret of its source, in constant time. What is told of a call that is
refused says nothing of the secret, and nothing of the call.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from standardwebhooks import Webhook

from app.config.webhook_settings import WebhookScheme

TOLERANCE = timedelta(minutes=5)
"""How far the moment that a call names may be from ours, in either direction: for so long one that
somebody recorded could be sent again, and it is then known by its id."""
MOST_SIGNATURES = 10
"""Of one call: whoever rotates keys sends two."""


class WebhookRefused(Exception):
    """Its signature is not right; the message says why, and may be shown to whoever calls."""


@dataclass(frozen=True, slots=True)
class SignedWebhook:
    """What a call that was found right is. ``id``: None: its body has it. ``type``: likewise.
    ``at``: None: it does not say when it was sent."""

    id: str | None
    type: str | None
    at: datetime | None


def verify(
    scheme: WebhookScheme,
    secrets: Sequence[str],
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
) -> SignedWebhook:
    """
    Args:
        headers: by their names in small letters.

    Raises:
        WebhookRefused
    """
    if scheme is WebhookScheme.STANDARD:
        return _standard(secrets, headers, body, now)
    if scheme is WebhookScheme.GITHUB:
        return _github(secrets, headers, body)
    return _stripe(secrets, headers, body, now)


def _standard(
    secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime
) -> SignedWebhook:
    """https://www.standardwebhooks.com"""
    message_id = _header(headers, "webhook-id")
    at = _moment(_header(headers, "webhook-timestamp"), now)
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise WebhookRefused("The body is not UTF-8.") from None
    given = [
        signature
        for version, _, signature in (
            one.partition(",") for one in _header(headers, "webhook-signature").split(" ")
        )
        if version == "v1"
    ]
    expected = (Webhook(secret).sign(message_id, at, text).partition(",")[2] for secret in secrets)
    _require_one(given, expected)
    return SignedWebhook(message_id, None, at)


def _github(secrets: Sequence[str], headers: Mapping[str, str], body: bytes) -> SignedWebhook:
    """https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries

    It signs the body alone. So the body's own digest is the id: a delivery that is sent again is
    known by it. Where the event's name holds the type, which is not signed, one of another type is
    another event.
    """
    scheme, _, given = _header(headers, "x-hub-signature-256").partition("=")
    if scheme != "sha256":
        raise WebhookRefused("X-Hub-Signature-256 is not of the form sha256=….")
    _require_one([given], (_hex(secret, body) for secret in secrets))
    return SignedWebhook(hashlib.sha256(body).hexdigest(), _header(headers, "x-github-event"), None)


def _stripe(
    secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime
) -> SignedWebhook:
    """https://docs.stripe.com/webhooks#verify-manually"""
    parts = [part.partition("=") for part in _header(headers, "stripe-signature").split(",")]
    moments = [value for name, _, value in parts if name.strip() == "t"]
    if len(moments) != 1:
        raise WebhookRefused("Stripe-Signature has not one moment t.")
    at = _moment(moments[0], now)
    given = [value for name, _, value in parts if name.strip() == "v1"]
    signed = moments[0].encode() + b"." + body
    _require_one(given, (_hex(secret, signed) for secret in secrets))
    return SignedWebhook(None, None, at)


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name, "").strip()
    if not value:
        raise WebhookRefused(f"The header {name} is missing.")
    return value


def _moment(text: str, now: datetime) -> datetime:
    if not (text.isascii() and text.isdecimal() and len(text) <= 11):
        raise WebhookRefused("The moment of the signature is no number of seconds.")
    at = datetime.fromtimestamp(int(text), UTC)
    if abs(now - at) > TOLERANCE:
        raise WebhookRefused(
            f"The moment of the signature is more than {TOLERANCE.seconds // 60} minutes from now."
        )
    return at


def _hex(secret: str, signed: bytes) -> str:
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def _require_one(given: Sequence[str], expected: Iterable[str]) -> None:
    """All are compared, whichever fits."""
    if len(given) > MOST_SIGNATURES:
        raise WebhookRefused("The call has too many signatures.")
    fits = False
    for one in expected:
        for signature in given:
            fits |= hmac.compare_digest(one.encode(), signature.encode(errors="replace"))
    if not fits:
        raise WebhookRefused("The signature does not fit the body, or the secret.")
