"""Options that are declared once, as a dataclass, are a command's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from app.cli.input.option_group import with_option_group


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    most: Annotated[int, typer.Option(min=1, help="Items at most.")] = 5
    force: Annotated[bool, typer.Option("--force")] = False


def app_that_keeps(seen: list[tuple[str, Limits, bool]]) -> typer.Typer:
    app = typer.Typer()

    @app.command()
    @with_option_group
    def run(name: str, *, limits: Limits, quiet: Annotated[bool, typer.Option()] = False) -> None:
        """Run it."""
        seen.append((name, limits, quiet))

    return app


def test_a_command_gets_the_group_with_what_was_named_and_the_defaults_of_the_rest() -> None:
    seen: list[tuple[str, Limits, bool]] = []
    app = app_that_keeps(seen)
    assert CliRunner().invoke(app, ["one", "--force", "--quiet"]).exit_code == 0
    assert CliRunner().invoke(app, ["two", "--most", "7"]).exit_code == 0
    assert seen == [("one", Limits(force=True), True), ("two", Limits(most=7), False)]


def test_an_option_of_the_group_is_checked_and_told_like_any_other() -> None:
    app = app_that_keeps([])
    assert CliRunner().invoke(app, ["one", "--most", "0"]).exit_code == 2
    told = CliRunner().invoke(app, ["--help"]).output
    assert "Items at most." in told
    assert told.index("--most") < told.index("--force") < told.index("--quiet")


def test_a_command_without_a_group_is_refused() -> None:
    with pytest.raises(ValueError, match="unpack"):

        @with_option_group
        def nothing(name: str) -> None: ...
