"""What the server signs is what the official ``Receiver`` believes, and nothing else is."""

from __future__ import annotations

import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from qstash import Receiver
from qstash.errors import SignatureError

from app.errors import ConfigurationError
from app.qstash_dev.delivery.signing_keys import LIFETIME, SigningKeys, check_key, new_key

CURRENT, NEXT, FOREIGN = ("sig_" + letter * 28 for letter in "abc")
URL = "https://example.com/api/workflows/welcome/generate-user"
texts = st.text(st.characters(exclude_categories=["Cs"]))


def believed(
    signature: str, body: str, url: str = URL, *, current: str = CURRENT, following: str = NEXT
) -> bool:
    try:
        Receiver(current, following).verify(signature=signature, body=body, url=url)
    except SignatureError:
        return False
    return True


@given(texts, st.sampled_from([URL, "http://127.0.0.1:8000/", "http://x/?a=%20&b=ü"]))
def test_a_body_is_believed_at_the_url_that_it_was_signed_for(body: str, url: str) -> None:
    signature = SigningKeys(CURRENT, NEXT).sign(url, body.encode(), time.time())
    assert believed(signature, body, url)


@given(texts, texts)
def test_another_body_is_not_believed(body: str, other: str) -> None:
    assume(body != other)
    signature = SigningKeys(CURRENT, NEXT).sign(URL, body.encode(), time.time())
    assert not believed(signature, other)


@given(st.text("abc/?=&", max_size=12))
def test_another_url_is_not_believed(behind: str) -> None:
    assume(behind)
    signature = SigningKeys(CURRENT, NEXT).sign(URL, b"", time.time())
    assert not believed(signature, "", URL + behind)


@given(st.data())
def test_a_signature_with_another_letter_is_not_believed(data: st.DataObject) -> None:
    signature = SigningKeys(CURRENT, NEXT).sign(URL, b"{}", time.time())
    place = data.draw(st.integers(0, len(signature) - 2))  # the last has bits that say nothing
    letter = data.draw(st.sampled_from("abcXYZ019-_."))
    assume(signature[place] != letter)
    assert not believed(signature[:place] + letter + signature[place + 1 :], "{}")


@given(st.integers(1, 1_000_000))
def test_a_signature_is_not_believed_when_its_time_is_over(seconds: int) -> None:
    signature = SigningKeys(CURRENT, NEXT).sign(URL, b"", time.time() - LIFETIME - seconds)
    assert not believed(signature, "")


@given(st.integers(10, 1_000_000))
def test_a_signature_is_not_believed_before_its_time(seconds: int) -> None:
    signature = SigningKeys(CURRENT, NEXT).sign(URL, b"", time.time() + seconds)
    assert not believed(signature, "")


def test_a_foreign_key_is_not_believed() -> None:
    signature = SigningKeys(FOREIGN, NEXT).sign(URL, b"", time.time())
    assert not believed(signature, "")


def test_a_rotation_is_survived_by_who_knows_both_keys_and_two_are_not() -> None:
    keys = SigningKeys(CURRENT, NEXT)
    keys.rotate()
    assert keys.current == NEXT
    assert believed(keys.sign(URL, b"", time.time()), "")
    keys.rotate()
    assert not believed(keys.sign(URL, b"", time.time()), "")


def test_a_key_that_is_too_short_to_sign_with_is_refused() -> None:
    assert check_key(new_key(), "KEY")
    with pytest.raises(ConfigurationError, match="QSTASH_NEXT_SIGNING_KEY"):
        check_key("sig_short", "QSTASH_NEXT_SIGNING_KEY")
