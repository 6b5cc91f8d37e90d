"""How two results are told apart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from app.workflows.samples.result_diff import unified

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def test_only_what_changed_is_marked() -> None:
    before: JsonValue = {"lines": ["one", "two"], "writer": "local"}
    after: JsonValue = {"writer": "local", "lines": ["one", "three"]}
    assert unified(before, after).splitlines()[3:] == [
        ' {',
        '   "lines": [',
        '     "one",',
        '-    "two"',
        '+    "three"',
        '   ],',
        '   "writer": "local"',
        ' }',
    ]  # fmt: skip


@given(values, values)
def test_the_difference_is_empty_only_between_equals(one: JsonValue, other: JsonValue) -> None:
    assert unified(one, one) == ""
    # To JSON, True is not 1.
    assert (unified(one, other) == "") is (repr_of(one) == repr_of(other))


def repr_of(value: JsonValue) -> str:
    """With the keys in order."""
    if isinstance(value, dict):
        inner = ", ".join(f"{key!r}: {repr_of(value[key])}" for key in sorted(value))
        return f"{{{inner}}}"
    if isinstance(value, list):
        return f"[{', '.join(repr_of(one) for one in value)}]"
    return repr(value)


@given(values, values)
def test_a_line_begins_with_what_became_of_it(one: JsonValue, other: JsonValue) -> None:
    for line in unified(one, other).split("\n")[2:]:
        assert line[:1] in {"@", " ", "+", "-"}
