"""What others said stands within our sentences."""

from __future__ import annotations

import pytest

from app.errors import full_stop


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("no such tongue", "no such tongue."),
        ("The item is gone.", "The item is gone."),
        ("Is it up?", "Is it up?"),
        (" padded \n", "padded."),
    ],
)
def test_what_has_an_end_of_its_own_gets_no_second_one(said: str, sentence: str) -> None:
    assert full_stop(said) == sentence
