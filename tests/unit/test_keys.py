"""Ids: what they hold comes back, and no two things share one."""

from __future__ import annotations

import json
import string
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.errors import BadInput
from app.workflows.keys import (
    CursorSigner,
    Layer,
    MessageKey,
    chunk_message,
    flow_key,
    item_message,
    new_id,
    page_message,
    parse_flow_key,
    parse_message,
    process_message,
)

# Any text that Postgres stores; ids and cursors are full of the characters that keys are made with.
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=40) | st.text(
    'ab:."0-_\\', max_size=8
)
ids = texts.filter(bool)
run_ids = st.from_regex(r"run_[0-9A-HJKMNP-TV-Z]{1,4}", fullmatch=True)
ALPHABET = string.ascii_letters + string.digits + "-_"
families = st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,4}){0,2}", fullmatch=True)
indices = st.integers(0, 10_000)
keys = st.binary(min_size=16, max_size=64)

message_keys = st.one_of(
    st.builds(MessageKey, st.just("process"), run_ids),
    st.builds(MessageKey, st.just("page"), run_ids),
    st.builds(MessageKey, st.just("chunk"), run_ids, cursor=st.none() | texts, index=indices),
    st.builds(MessageKey, st.just("item"), run_ids, item_id=texts),
)


def built(key: MessageKey) -> str:
    if key.kind == "process":
        return process_message(key.run_id)
    if key.kind == "page":
        return page_message(key.run_id)
    if key.kind == "chunk":
        assert key.index is not None
        return chunk_message(key.run_id, key.cursor, key.index)
    assert key.item_id is not None
    return item_message(key.run_id, key.item_id)


@given(families, st.sampled_from(Layer))
def test_a_flow_key_says_its_family_and_layer(family: str, layer: Layer) -> None:
    assert parse_flow_key(flow_key(family, layer)) == (family, layer)


@pytest.mark.parametrize("key", ["", "execute", ".execute", "family.", "family.other", "family"])
def test_what_is_no_flow_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_flow_key(key)


@given(message_keys)
def test_a_message_id_says_what_it_was_made_of(key: MessageKey) -> None:
    assert parse_message(built(key)) == key


@given(message_keys, message_keys)
def test_different_messages_have_different_ids(one: MessageKey, other: MessageKey) -> None:
    assert (built(one) == built(other)) == (one == other)


@given(run_ids, st.none() | texts, indices, texts)
def test_the_kinds_of_messages_of_one_run_never_meet(
    run_id: str, cursor: str | None, index: int, item_id: str
) -> None:
    made = {
        process_message(run_id),
        page_message(run_id),
        chunk_message(run_id, cursor, index),
        item_message(run_id, item_id),
    }
    assert len(made) == 4


@pytest.mark.parametrize(
    "text",
    ["", "run_1", "process:", "process:run_1:more", "page:", "page:run_1:u1",
     "chunk:run_1", "chunk:run_1:x", "chunk:run_1:-1", "chunk:run_1:\N{SUPERSCRIPT TWO}",
     "item:run_1", "item::u1", "other:run_1"],
)  # fmt: skip
def test_what_is_no_message_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not the id of a message"):
        parse_message(text)


def test_ids_that_were_made_later_sort_later() -> None:
    made = []
    for _ in range(20):
        made.append(new_id("run"))
        time.sleep(0.0015)
    assert made == sorted(made)
    assert len({len(run_id) for run_id in made}) == 1


def test_ids_of_one_millisecond_differ() -> None:
    assert len({new_id("run") for _ in range(5_000)}) == 5_000


@given(keys, texts, texts)
def test_a_position_comes_back_from_its_cursor(key: bytes, scope: str, position: str) -> None:
    token = CursorSigner(key).issue(scope, position)
    assert CursorSigner(key).accept(scope, token) == position
    assert token.isascii()
    assert set(token) <= set(ALPHABET)


@given(keys, texts, texts, texts, keys)
def test_a_cursor_of_another_list_or_another_key_is_refused(
    key: bytes, scope: str, other: str, position: str, other_key: bytes
) -> None:
    assume(scope != other)
    assume(key != other_key)
    token = CursorSigner(key).issue(scope, position)
    for signer, asked in ((CursorSigner(key), other), (CursorSigner(other_key), scope)):
        with pytest.raises(BadInput) as refused:
            signer.accept(asked, token, field="cursor")
        assert refused.value.field == "cursor"


@given(keys, texts, texts, st.data())
def test_a_cursor_that_was_tampered_with_never_gives_another_position(
    key: bytes, scope: str, position: str, data: st.DataObject
) -> None:
    signer = CursorSigner(key)
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
    signer = CursorSigner(b"a key of the installation")
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
            CursorSigner(key).accept(scope, token)


@given(keys, texts, ids, st.integers(1, 8))
def test_a_cursor_that_was_cut_is_refused(key: bytes, scope: str, position: str, by: int) -> None:
    token = CursorSigner(key).issue(scope, position)
    for cut in (token[:-by], token[by:]):
        with pytest.raises(BadInput):
            CursorSigner(key).accept(scope, cut)


def test_what_a_former_key_signed_is_taken_and_nothing_is_signed_with_it() -> None:
    old, new = CursorSigner(b"old"), CursorSigner(b"new", former=(b"old",))
    assert new.accept("runs", old.issue("runs", "run_1")) == "run_1"
    assert new.issue("runs", "run_1") == CursorSigner(b"new").issue("runs", "run_1")
    for signer, cursor in (
        (CursorSigner(b"new"), old.issue("runs", "run_1")),
        (old, new.issue("runs", "run_1")),
        (new, old.issue("backfills", "run_1")),
        (new, CursorSigner(b"older").issue("runs", "run_1")),
    ):
        with pytest.raises(BadInput):
            signer.accept("runs", cursor)
