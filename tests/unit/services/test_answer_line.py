"""What a line of a batch's files says, whoever wrote it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.batches.answer_line import TOO_LARGE, AnswerLine, read_line


def line(custom_id: object = "call_1", **more: object) -> str:
    return json.dumps({"id": "req_1", "custom_id": custom_id, **more})


def answered(body: object, status: object = 200) -> str:
    return line(response={"status_code": status, "request_id": "", "body": body}, error=None)


def test_an_answer_is_kept_with_what_it_cost() -> None:
    body = {"choices": [], "usage": {"total_tokens": 12}}
    found = read_line(answered(body), largest=1_000)
    kept = '{"choices":[],"usage":{"total_tokens":12}}'
    assert found == AnswerLine("call_1", 200, body=kept, tokens=12)


def test_one_that_was_cut_off_amid_a_character_has_its_cost() -> None:
    body = {"choices": [{"text": "\ud83d"}], "usage": {"total_tokens": 12}}
    found = read_line(answered(body), largest=1_000)
    assert found is not None
    assert found.tokens == 12


def test_an_error_tells_its_status_and_code() -> None:
    body = {"error": {"message": "no such field", "type": "invalid_request_error", "code": None}}
    found = read_line(answered(body, 400), largest=1_000)
    assert found == AnswerLine("call_1", 400, "invalid_request_error", "no such field")


def test_a_request_for_which_there_was_no_time_has_no_status() -> None:
    error = {"code": "batch_expired", "message": "It could not be executed."}
    found = read_line(line(response=None, error=error), largest=1_000)
    assert found == AnswerLine("call_1", None, "batch_expired", "It could not be executed.")


def test_an_answer_that_is_too_large_is_a_failure_that_says_so_and_has_its_cost() -> None:
    text = answered({"text": "x" * 100, "usage": {"total_tokens": 5}})
    found = read_line(text, largest=50)
    assert found is not None
    assert (found.code, found.body, found.tokens) == (TOO_LARGE, None, 5)
    cut_off = read_line(text[:60], largest=50, whole=False)
    assert cut_off is not None
    assert (cut_off.custom_id, cut_off.code) == ("call_1", TOO_LARGE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "7",
        "null",
        "{}",
        line(7),
        line(None),
        answered("text"),
        answered(None),
        answered({}, "200"),
        answered({}, None),
        answered({"at": float("inf")}),
        '{"custom_id": "a", "response": ' + "[" * 100_000,
    ],
)
def test_what_is_no_answer_says_nothing(text: str) -> None:
    assert read_line(text, largest=1_000) is None


@pytest.mark.parametrize("usage", [None, 7, [], {"total_tokens": -1}, {"total_tokens": "many"}])
def test_a_cost_that_is_none_is_0(usage: object) -> None:
    found = read_line(answered({"usage": usage}), largest=1_000)
    assert found is not None
    assert found.tokens == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner),
    max_leaves=12,
)
NAMES = ("custom_id", "response", "error", "status_code", "body", "usage", "code", "message")


@given(
    st.dictionaries(st.sampled_from(NAMES), JSON | st.dictionaries(st.sampled_from(NAMES), JSON))
)
def test_no_line_breaks_whoever_reads_it(told: dict[str, object]) -> None:
    found = read_line(json.dumps(told), largest=500)
    if found is not None and found.body is not None:
        assert found.body.isascii()
        assert isinstance(json.loads(found.body), dict)
