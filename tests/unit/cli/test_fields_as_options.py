"""A field within a field is told as the option that it came from."""

from __future__ import annotations

import pytest

from app.cli.app import loaded
from app.cli.fields_as_options import name_options
from app.errors import BadInput


@pytest.mark.parametrize(
    ("called", "field", "option"),
    [
        ("run", "budget.usd", "--budget-usd"),
        ("backfill", "ramp.everySeconds", "--ramp-every"),
        ("schedule edit", "options.ramp.factor", "--ramp-factor"),
        ("resume", "minItems", "--min-items"),
        ("pause", "budget.usd", "budget.usd"),
    ],
)
def test_its_path_is_the_options_words(called: str, field: str, option: str) -> None:
    told = f"{field}: must be greater than 0"
    error = BadInput(told, more={"errors": [{"field": field, "message": "must be greater than 0"}]})
    name_options(error, loaded(), [*called.split(), "some", "words"])
    assert error.detail == f"{option}: must be greater than 0"
