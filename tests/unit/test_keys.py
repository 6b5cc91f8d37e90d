"""Ids: what they hold comes back, and no two things share one."""

from __future__ import annotations

import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflows.keys import (
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
