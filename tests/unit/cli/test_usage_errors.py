"""An option that there is not is told with one that may have been meant, if one is near."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from app.cli.app import app


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("runs --famly x", "No such option: --famly (Possible options: --family)"),
        ("flow pause x --nte y", "No such option: --nte (Possible options: --note)"),
        ("runs --foo x", "No such option: --foo"),
        ("run x --fro y", "No such option: --fro"),
    ],
)
def test_an_option_that_is_far_from_what_was_typed_is_not_named(words: str, told: str) -> None:
    shown = CliRunner().invoke(app, words.split(), env={"COLUMNS": "200", "TERM": "dumb"})
    assert shown.exit_code == 2
    assert f"│ {told} " in " ".join(shown.output.split())
