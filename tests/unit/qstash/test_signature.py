"""Whose calls are taken for QStash's."""

from __future__ import annotations

import base64
import hashlib
import time
from datetime import timedelta

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.engine.qstash.signature import SignatureCheck, SignatureRefused
from app.qstash_dev.delivery.signing_keys import SigningKeys, new_key

URL = "https://app.example.com/below"
PATH = "/process-users"
CURRENT, NEXT, FOREIGN = new_key(), new_key(), new_key()
CHECK = SignatureCheck(URL, CURRENT, NEXT, leeway=timedelta(seconds=30))
BODIES = st.binary(max_size=300)


def digest(body: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(body).digest()).decode()


def claims(of: bytes, **other: object) -> dict[str, object]:
    now = int(time.time())
    told = {
        "iss": "Upstash", "sub": URL + PATH, "exp": now + 300, "nbf": now, "iat": now, "jti": "j",
        "body": digest(of),
    } | other  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


def signed(told: dict[str, object], key: str = CURRENT, algorithm: str = "HS256") -> str:
    return jwt.encode(told, key, algorithm=algorithm)


def refused(signature: str | None, body: bytes, path: str = PATH) -> str:
    with pytest.raises(SignatureRefused) as caught:
        CHECK.verify(signature, path, body)
    told = str(caught.value)
    assert CURRENT not in told
    assert NEXT not in told
    return told


@given(BODIES, st.sampled_from([CURRENT, NEXT]), st.booleans())
def test_what_either_key_signed_is_taken_with_and_without_padding(
    body: bytes, key: str, padded: bool
) -> None:
    told = digest(body) if padded else digest(body).rstrip("=")
    CHECK.verify(signed(claims(body, body=told), key), PATH, body)


@given(BODIES)
def test_what_the_qstash_for_development_signs_is_taken_before_and_after_its_keys_are_rolled(
    body: bytes,
) -> None:
    keys = SigningKeys(CURRENT, NEXT)
    CHECK.verify(keys.sign(URL + PATH, body, time.time()), PATH, body)
    keys.rotate()
    CHECK.verify(keys.sign(URL + PATH, body, time.time()), PATH, body)
    keys.rotate()
    refused(keys.sign(URL + PATH, body, time.time()), body)


@given(BODIES, BODIES)
def test_another_body_is_refused(body: bytes, other: bytes) -> None:
    if body == other:
        CHECK.verify(signed(claims(body)), PATH, other)
    else:
        assert refused(signed(claims(body)), other) == "The body is not the one that was signed."


@given(BODIES, st.data())
def test_a_body_with_one_bit_changed_is_refused(body: bytes, data: st.DataObject) -> None:
    bit = data.draw(st.integers(0, 8 * len(body) + 7))
    changed = bytearray(body + b"\0")
    changed[bit // 8] ^= 1 << bit % 8
    refused(signed(claims(body + b"\0")), bytes(changed))


@given(st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=30))
def test_a_signature_for_another_address_is_refused(path: str) -> None:
    if path != PATH:
        refused(signed(claims(b"", sub=URL + path)), b"")
        refused(signed(claims(b"")), b"", path)
        refused(signed(claims(b"", sub=f"https://evil.example.com/below{PATH}")), b"")


@given(st.binary(min_size=32, max_size=64))
def test_what_a_foreign_key_signed_is_refused(key: bytes) -> None:
    refused(jwt.encode(claims(b""), key, algorithm="HS256"), b"")


@given(st.text(max_size=200))
def test_what_is_no_signature_at_all_is_refused(told: str) -> None:
    refused(told, b"")


@given(BODIES, st.data())
def test_a_signature_with_one_letter_changed_is_refused(body: bytes, data: st.DataObject) -> None:
    whole = signed(claims(body))
    # The last letter holds bits that mean nothing, so another may stand for the same bytes.
    at = data.draw(st.integers(0, len(whole) - 2))
    letter = data.draw(st.sampled_from("AbC9-_.").filter(lambda letter: letter != whole[at]))
    refused(whole[:at] + letter + whole[at + 1 :], body)


def test_a_call_without_a_signature_is_refused() -> None:
    refused(None, b"")
    refused("", b"")


@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_another_algorithm_is_refused(algorithm: str) -> None:
    key = CURRENT * 2
    check = SignatureCheck(URL, key, NEXT)
    check.verify(signed(claims(b""), key), PATH, b"")
    with pytest.raises(SignatureRefused):
        check.verify(signed(claims(b""), key, algorithm), PATH, b"")


def test_what_says_that_nobody_signed_it_is_refused() -> None:
    for key in ("", CURRENT):
        _, told, _ = signed(claims(b""), CURRENT).split(".")
        head = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
        refused(f"{head}.{told}.{key}", b"")


@pytest.mark.parametrize("name", ["iss", "sub", "exp", "nbf", "body"])
def test_what_leaves_something_out_is_refused(name: str) -> None:
    refused(signed(claims(b"", **{name: None})), b"")


@pytest.mark.parametrize("other", [{"iss": "upstash"}, {"body": 7}, {"body": "ü"}, {"exp": "soon"}])
def test_what_says_something_else_is_refused(other: dict[str, object]) -> None:
    refused(signed(claims(b"", **other)), b"")


@pytest.mark.parametrize(("late", "taken"), [(20, True), (40, False)])
def test_clocks_may_differ_by_the_leeway(late: int, taken: bool) -> None:
    now = int(time.time())
    moments: list[dict[str, object]] = [
        {"exp": now - late, "nbf": now - 400},
        {"nbf": now + late, "iat": now},
    ]
    for other in moments:
        if taken:
            CHECK.verify(signed(claims(b"", **other)), PATH, b"")
        else:
            refused(signed(claims(b"", **other)), b"")
