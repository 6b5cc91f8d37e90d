"""What callers are handed: only that is taken back, and only for what it was handed out for."""

from __future__ import annotations

import json
import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.errors import BadInput
from app.workflows.signatures import Signer

texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40) | st.text(
    'ab:."0-_\\', max_size=8
)
ids = texts.filter(bool)
keys = st.binary(min_size=16, max_size=64)
ALPHABET = string.ascii_letters + string.digits + "-_."


@given(keys, texts, texts)
def test_a_position_comes_back_from_its_cursor(key: bytes, scope: str, position: str) -> None:
    token = Signer(key).issue(scope, position)
    assert Signer(key).accept(scope, token) == position
    assert token.isascii()
    assert set(token) <= set(ALPHABET)


@given(keys, texts, texts, texts, keys)
def test_a_cursor_of_another_list_or_another_key_is_refused(
    key: bytes, scope: str, other: str, position: str, other_key: bytes
) -> None:
    assume(scope != other)
    assume(key != other_key)
    token = Signer(key).issue(scope, position)
    for signer, asked in ((Signer(key), other), (Signer(other_key), scope)):
        with pytest.raises(BadInput) as refused:
            signer.accept(asked, token, field="cursor")
        assert refused.value.field == "cursor"


@given(keys, texts, texts, st.data())
def test_a_cursor_that_was_tampered_with_never_gives_another_position(
    key: bytes, scope: str, position: str, data: st.DataObject
) -> None:
    signer = Signer(key)
    token = signer.issue(scope, position)
    at = data.draw(st.integers(0, len(token)))
    put = data.draw(st.text("AZaz09-_+/=: \N{SNOWMAN}", max_size=3))
    cut = data.draw(st.integers(0, 3))
    try:
        found = signer.accept(scope, token[:at] + put + token[at + cut :])
    except BadInput:
        return
    assert found == position


@pytest.mark.parametrize("position", ["", "u", "u1", "u12"])
def test_a_cursor_with_any_other_character_anywhere_is_refused(position: str) -> None:
    signer = Signer(b"a key of the installation")
    token = signer.issue("runs", position)
    accepted = []
    for at in range(len(token) + 1):
        for put in {*ALPHABET, *"+/= \N{SNOWMAN}"} - {token[at : at + 1]}:
            try:
                signer.accept("runs", token[:at] + put + token[at + 1 :])
                accepted.append((at, put))
            except BadInput:
                pass
    assert accepted == []


@given(keys, texts, texts)
def test_a_text_that_nobody_issued_is_refused(key: bytes, scope: str, text: str) -> None:
    for token in (text, json.dumps(text), text[:4], ""):
        with pytest.raises(BadInput):
            Signer(key).accept(scope, token)


@given(keys, texts, ids, st.integers(1, 8))
def test_a_cursor_that_was_cut_is_refused(key: bytes, scope: str, position: str, by: int) -> None:
    token = Signer(key).issue(scope, position)
    for cut in (token[:-by], token[by:]):
        with pytest.raises(BadInput):
            Signer(key).accept(scope, cut)


def test_what_a_former_key_signed_is_taken_and_nothing_is_signed_with_it() -> None:
    old, new = Signer(b"old"), Signer(b"new", former=(b"old",))
    assert new.accept("runs", old.issue("runs", "run_1")) == "run_1"
    assert new.issue("runs", "run_1") == Signer(b"new").issue("runs", "run_1")
    for signer, cursor in (
        (Signer(b"new"), old.issue("runs", "run_1")),
        (old, new.issue("runs", "run_1")),
        (new, old.issue("backfills", "run_1")),
        (new, Signer(b"older").issue("runs", "run_1")),
    ):
        with pytest.raises(BadInput):
            signer.accept("runs", cursor)
