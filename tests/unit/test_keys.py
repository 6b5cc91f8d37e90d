"""Ids: what they hold comes back, and no two things share one."""

from __future__ import annotations

import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.workflows.keys import (
    Layer,
    chunk_message,
    flow_key,
    item_message,
    new_id,
    page_message,
    parse_flow_key,
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
keys = st.binary(min_size=16, max_size=64)


@given(families, st.sampled_from(Layer))
def test_a_flow_key_says_its_family_and_layer(family: str, layer: Layer) -> None:
    assert parse_flow_key(flow_key(family, layer)) == (family, layer)


@pytest.mark.parametrize("key", ["", "execute", ".execute", "family.", "family.other", "family"])
def test_what_is_no_flow_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_flow_key(key)


@given(run_ids, st.lists(ids, min_size=1, max_size=4), st.lists(ids, min_size=1, max_size=4))
def test_different_chunks_have_different_ids(run: str, one: list[str], other: list[str]) -> None:
    assert (chunk_message(run, one) == chunk_message(run, other)) == (one == other)


@given(run_ids, texts, st.lists(ids, max_size=3))
def test_the_kinds_of_messages_of_one_run_never_meet(
    run_id: str, item_id: str, item_ids: list[str]
) -> None:
    made = {
        process_message(run_id),
        page_message(run_id),
        chunk_message(run_id, item_ids),
        item_message(run_id, item_id),
    }
    assert len(made) == 4


def test_ids_that_were_made_later_sort_later() -> None:
    made = []
    for _ in range(20):
        made.append(new_id("run"))
        time.sleep(0.0015)
    assert made == sorted(made)
    assert len({len(run_id) for run_id in made}) == 1


def test_ids_of_one_millisecond_differ() -> None:
    assert len({new_id("run") for _ in range(5_000)}) == 5_000
