"""Limits as one types them."""

from __future__ import annotations

import pytest

from app.cli.input.limits import parse_limit
from app.errors import BadInput


@pytest.mark.parametrize(
    ("text", "limit"), [("1", 1), ("12", 12), ("none", None), ("None", None), (" none ", None)]
)
def test_a_limit_is_a_whole_number_above_zero_or_none(text: str, limit: int | None) -> None:
    assert parse_limit("--limit", text) == limit


@pytest.mark.parametrize(
    "text", ["", "0", "00", "-1", "1.5", "true", "9" * 400, "\N{ARABIC-INDIC DIGIT TWO}"]
)
def test_what_is_none_is_refused_with_the_name_of_the_option(text: str) -> None:
    with pytest.raises(BadInput, match=r"^--parallelism: it must be a whole number"):
        parse_limit("--parallelism", text)
