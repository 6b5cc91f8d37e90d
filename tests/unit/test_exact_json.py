"""JSON is read as it stands, or refused with a sentence."""

from __future__ import annotations

import json

import pytest

from app import exact_json

REFUSED: list[tuple[str | bytes, str]] = [
    ('{"a": {"b": "\\ud800"}}', "a.b holds half of a character"),
    ('["\\u0000"]', "0 holds a NUL"),
    ('{"a\\u0000": 1}', "it has a name that holds a NUL"),
    ('{"a": 1, "a": 1}', "it names 'a' twice"),
    ('{"n": 0.12345678901234567890}', "has more digits than are kept"),
    ('{"n": 1e400}', "which is no number that can be kept"),
    ('{"n": NaN}', "NaN, which is no JSON"),
    ('{"n": -Infinity}', "-Infinity, which is no JSON"),
    ("9" * 5_000, "more digits than are read"),
    ("[" * 101 + "]" * 101, "nested too deeply"),
    ("[" * 1_000 + "]" * 1_000, "nested too deeply"),
    ("[" * 100_000, "nested too deeply"),
    (b'"\xff"', "is not UTF-8"),
    ("{}".encode("utf-16"), "is not UTF-8"),
]


@pytest.mark.parametrize(("text", "why"), REFUSED, ids=[why for _, why in REFUSED])
def test_what_cannot_be_kept_as_it_stands_is_refused(text: str | bytes, why: str) -> None:
    with pytest.raises(exact_json.Refused, match=why):
        exact_json.loads(text)


def test_what_is_no_json_says_where_it_breaks() -> None:
    with pytest.raises(json.JSONDecodeError, match="column 7"):
        exact_json.loads('{"a": tru}')


@pytest.mark.parametrize(
    "value", [{"a": [0.1, 1e23, 5e-324, -0.0, 2**200, True, None, "é𝄞"]}, "", [[]], {}]
)
def test_all_else_is_read_as_it_was_written(value: object) -> None:
    assert exact_json.loads(json.dumps(value)) == value
    assert exact_json.loads(json.dumps(value, ensure_ascii=False).encode()) == value


def test_a_hundred_levels_are_read() -> None:
    text = "[" * 100 + "]" * 100
    assert json.dumps(exact_json.loads(text)) == text
