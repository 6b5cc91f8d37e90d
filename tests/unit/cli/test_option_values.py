"""What is said of an option's value that cannot be used."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from app.cli.app import app


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("run any --limit many", "'--limit': must be an integer"),
        ("run any --limit 0", "'--limit': must be at least 1"),
        ("run any --priority 10", "'--priority': must be at most 9"),
        ("run any --budget-usd much", "'--budget-usd': must be a number"),
        ("qstash-dev --speed 0", "'--speed': must be at least 0.001"),
        ("serve --port 70000", "'--port': must be at most 65535"),
    ],
)
def test_it_is_told_in_our_words(words: str, told: str) -> None:
    ended = CliRunner().invoke(app, words.split(), env={"COLUMNS": "200"})
    assert ended.exit_code == 2
    assert f"Invalid value for {told}" in ended.output
    assert "Input should" not in ended.output
