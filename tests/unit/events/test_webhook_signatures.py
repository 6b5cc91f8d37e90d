"""The three schemes, by the examples that their authors have published, and by calls that are not
quite right."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config.webhook_settings import WebhookScheme
from app.workflows.events.webhook_signatures import (
    MOST_SIGNATURES,
    TOLERANCE,
    WebhookRefused,
    verify,
)

STANDARD, GITHUB, STRIPE = WebhookScheme.STANDARD, WebhookScheme.GITHUB, WebhookScheme.STRIPE
OTHER = "whsec_" + base64.b64encode(b"another key of 32 bytes, or more").decode()

# Of the specification's reference libraries, and of the documentation of its first author.
STANDARD_EXAMPLES = [
    (
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    ),
    (
        "whsec_plJ3nmyCDGBKInavdOK15jsl",
        "msg_loFOjxBNrRLzqYUf",
        1731705121,
        b'{"event_type":"ping","data":{"success":true}}',
        "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
    ),
]
# Of docs.github.com, "Testing the webhook payload validation".
GITHUB_SECRET, GITHUB_BODY = "It's a Secret to Everybody", b"Hello, World!"
GITHUB_HEADERS = {
    "x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a"
    "37570b6d7586c22c46f4379c8b043e17",
    "x-github-event": "push",
}
# The header of docs.stripe.com, "Verify manually", whose secret was never published; what is signed
# is told there step by step, and done here.
STRIPE_HEADER = (
    "t=1492774577,"
    "v1=5257a869e7ecebeda32affa62cdca3fa51cad7e77a0e56ff536d0ce8e108d8bd,"
    "v0=6ffbb59b2300aae63f272406069a9788598b792a944a07aba816edb039989a39"
)
STRIPE_SECRET, STRIPE_AT = "whsec_of-these-tests-0123456789", 1492774577
STRIPE_BODY = b'{"id": "evt_1", "type": "invoice.paid"}'


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def standard(number: int = 1, **changed: str) -> tuple[str, dict[str, str], bytes, datetime]:
    secret, message, moment, body, signature = STANDARD_EXAMPLES[number]
    headers = {
        "webhook-id": message,
        "webhook-timestamp": str(moment),
        "webhook-signature": signature,
    }
    for name, value in changed.items():
        headers[f"webhook-{name}"] = value
    return secret, headers, body, at(moment)


def stripe(body: bytes = STRIPE_BODY, moment: str = str(STRIPE_AT)) -> str:
    signed = moment.encode() + b"." + body
    return hmac.new(STRIPE_SECRET.encode(), signed, hashlib.sha256).hexdigest()


def refused(
    scheme: WebhookScheme, secret: str, headers: Mapping[str, str], body: bytes, now: datetime
) -> str:
    with pytest.raises(WebhookRefused) as error:
        verify(scheme, [secret], headers, body, now)
    assert secret not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("number", [0, 1])
def test_standard_webhooks_by_its_published_examples(number: int) -> None:
    secret, headers, body, now = standard(number)
    for secrets in ([secret], [OTHER, secret], [secret.removeprefix("whsec_")]):
        signed = verify(STANDARD, secrets, headers, body, now)
        assert (signed.id, signed.type, signed.at) == (headers["webhook-id"], None, now)
    assert "does not fit" in refused(STANDARD, secret, headers, body + b" ", now)
    assert "does not fit" in refused(STANDARD, OTHER, headers, body, now)
    renamed = {**headers, "webhook-id": "msg_other"}
    assert "does not fit" in refused(STANDARD, secret, renamed, body, now)


def test_github_by_its_published_example() -> None:
    now = datetime.now(UTC)
    signed = verify(GITHUB, [OTHER, GITHUB_SECRET], GITHUB_HEADERS, GITHUB_BODY, now)
    assert signed.type == "push"
    assert signed.id == hashlib.sha256(GITHUB_BODY).hexdigest()
    again = {**GITHUB_HEADERS, "x-github-delivery": "another"}
    assert verify(GITHUB, [GITHUB_SECRET], again, GITHUB_BODY, now).id == signed.id
    assert "does not fit" in refused(GITHUB, GITHUB_SECRET, GITHUB_HEADERS, b"Hello", now)
    sha1 = {**GITHUB_HEADERS, "x-hub-signature-256": "sha1=abc"}
    assert "not of the form" in refused(GITHUB, GITHUB_SECRET, sha1, GITHUB_BODY, now)
    old = {"x-hub-signature": "sha1=abc", "x-github-event": "push"}
    assert "is missing" in refused(GITHUB, GITHUB_SECRET, old, GITHUB_BODY, now)


def test_stripe_by_the_steps_that_it_publishes() -> None:
    now = at(STRIPE_AT)
    header = f"t={STRIPE_AT},v1={stripe()},v0=6ffbb59b2300aae63f272406069a9788"
    signed = verify(STRIPE, [OTHER, STRIPE_SECRET], {"stripe-signature": header}, STRIPE_BODY, now)
    assert (signed.id, signed.type, signed.at) == (None, None, now)
    published = {"stripe-signature": STRIPE_HEADER}
    assert "does not fit" in refused(STRIPE, STRIPE_SECRET, published, STRIPE_BODY, now)
    # An older scheme alone is no signature.
    weaker = {"stripe-signature": f"t={STRIPE_AT},v0={stripe()}"}
    assert "does not fit" in refused(STRIPE, STRIPE_SECRET, weaker, STRIPE_BODY, now)
    both = {"stripe-signature": f"t={STRIPE_AT},v1={'0' * 64},v1={stripe()}"}
    assert verify(STRIPE, [STRIPE_SECRET], both, STRIPE_BODY, now).at == now
    twice = {"stripe-signature": f"t={STRIPE_AT},t={STRIPE_AT + 1},v1={stripe()}"}
    assert "one moment" in refused(STRIPE, STRIPE_SECRET, twice, STRIPE_BODY, now)


@pytest.mark.parametrize("far", [TOLERANCE + timedelta(seconds=1), timedelta(days=400)])
@pytest.mark.parametrize("sign", [-1, 1])
def test_what_is_signed_for_another_time_is_refused_however_right_it_is(
    far: timedelta, sign: int
) -> None:
    secret, headers, body, now = standard()
    assert "minutes from now" in refused(STANDARD, secret, headers, body, now + sign * far)
    told = {"stripe-signature": f"t={STRIPE_AT},v1={stripe()}"}
    now = at(STRIPE_AT)
    assert "minutes from now" in refused(STRIPE, STRIPE_SECRET, told, STRIPE_BODY, now + sign * far)
    near = now + sign * TOLERANCE
    assert verify(STRIPE, [STRIPE_SECRET], told, STRIPE_BODY, near).at == now


@pytest.mark.parametrize(
    "moment", ["", "now", "1e9", "-1", "1731705121.5", "٣", "9" * 30, "1731705121 "]
)
def test_a_moment_that_is_none_is_refused(moment: str) -> None:
    secret, headers, body, now = standard(timestamp=moment)
    if moment.strip() == "1731705121":
        assert verify(STANDARD, [secret], headers, body, now).at == now
    else:
        assert refused(STANDARD, secret, headers, body, now)
    told = {"stripe-signature": f"t={moment},v1={stripe(moment=moment)}"}
    assert refused(STRIPE, STRIPE_SECRET, told, STRIPE_BODY, at(STRIPE_AT))


def test_one_of_several_signatures_is_enough_and_there_is_an_end_to_them() -> None:
    secret, headers, body, now = standard()
    right = headers["webhook-signature"]
    several = {**headers, "webhook-signature": f"v1a,xyz v1,AAAA {right} v1 , v2,{right[3:]}"}
    assert verify(STANDARD, [secret], several, body, now).at == now
    none = {**headers, "webhook-signature": f"v2,{right[3:]}"}
    assert "does not fit" in refused(STANDARD, secret, none, body, now)
    many = {**headers, "webhook-signature": " ".join([right] * (MOST_SIGNATURES + 1))}
    assert "too many" in refused(STANDARD, secret, many, body, now)


def test_a_body_that_is_no_text_is_refused() -> None:
    secret, headers, _, now = standard()
    assert "UTF-8" in refused(STANDARD, secret, headers, b"\xff", now)


HEADERS = (
    "webhook-id", "webhook-timestamp", "webhook-signature", "x-hub-signature-256",
    "x-github-event", "stripe-signature",
)  # fmt: skip


@given(
    st.sampled_from(WebhookScheme),
    st.dictionaries(st.sampled_from(HEADERS), st.text()),
    st.binary(),
)
def test_whatever_comes_is_refused_in_a_sentence(
    scheme: WebhookScheme, headers: dict[str, str], body: bytes
) -> None:
    with pytest.raises(WebhookRefused):
        verify(scheme, [OTHER], headers, body, at(1731705121))
