"""Numbers as values of options: which are taken, and what is said of the others."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, get_args

import pytest
import typer
from typer.models import OptionInfo
from typer.testing import CliRunner

from app.cli.app import COMMANDS, app, loaded


def _callbacks(group: typer.Typer) -> Iterator[Callable[..., Any]]:
    for command in group.registered_commands:
        assert command.callback is not None
        yield command.callback
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        yield from _callbacks(inner.typer_instance)


def _options_of(number: type) -> dict[str, OptionInfo]:
    """Every option that is such a number, by the command's function and its own name."""
    found: dict[str, OptionInfo] = {}
    for place in dict.fromkeys(place for place, _ in COMMANDS.values()):
        for command in _callbacks(import_module(f"app.cli.{place}").commands):
            for name, given in inspect.signature(command, eval_str=True).parameters.items():
                kind, *told = get_args(given.annotation) or [None]
                if kind is number or number in get_args(kind):
                    for option in told:
                        if isinstance(option, OptionInfo):
                            found[f"{command.__qualname__} {name}"] = option
    return found


_ENDS = re.compile(r"([0-9.]+)(<=?)x(<=?)([0-9.]+)")


def _commands(group: Any, *words: str) -> Iterator[tuple[list[str], Any]]:  # typer exports no type
    for word, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, *words, word)
        else:
            yield [*words, word], command


def _is_taken(option: Any, end: str) -> bool:  # likewise
    try:
        option.process_value(None, end)
    except typer.BadParameter:
        return False
    return True


def test_help_shows_an_end_as_taken_where_it_is_taken_and_as_refused_where_it_is_refused() -> None:
    told, true = {}, {}
    for words, command in _commands(loaded()):
        options = {name: one for one in command.params for name in one.opts}
        shown = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "200"}).output
        for line in shown.splitlines():
            if found := _ENDS.search(line):
                name = next(word for word in line.split() if word in options)
                least, above, below, most = found.groups()
                at = f"{' '.join(words)} {name}"
                told[at] = above == "<=", below == "<="
                true[at] = _is_taken(options[name], least), _is_taken(options[name], most)
    assert told == true
    assert told["run --budget-usd"] == told["run --ramp-factor"] == (False, True)
    assert told["resume --budget-usd"] == told["preview --budget-usd"] == (False, True)
    assert told["run --limit"] == told["run --max-failure-rate"] == (True, True)


def test_an_option_with_a_fraction_says_both_ends_so_that_no_number_without_end_passes() -> None:
    options = _options_of(float)
    assert {"run budget_usd", "run ramp_factor", "qstash_dev speed"} <= options.keys()
    ends = {
        name: _ENDS.search(one.metavar or "") or (one.min is not None and one.max is not None)
        for name, one in options.items()
    }
    assert [name for name, both in ends.items() if not both] == []


def test_an_option_of_a_run_says_both_ends_of_its_number() -> None:
    options = {
        name: one
        for name, one in _options_of(int).items()
        if name.partition(" ")[0] in ("run", "preview")
    }
    assert {"run limit", "run budget_tokens", "preview budget_tokens"} <= options.keys()
    assert [name for name, one in options.items() if one.min is None or one.max is None] == []


@pytest.mark.parametrize("number", ["inf", "-inf", "nan", "1e400"])
@pytest.mark.parametrize(
    "command",
    [
        ["run", "any", "--budget-usd"],
        ["run", "any", "--ramp-start", "2", "--ramp-factor"],
        ["preview", "any", "--sample", "2", "--budget-usd"],
        ["resume", "run_1", "--budget-usd"],
        ["qstash-dev", "--speed"],
    ],
)
def test_no_number_without_end_leaves_the_command_line(command: list[str], number: str) -> None:
    ended = CliRunner().invoke(app, [*command, number], env={"SLUICE_URL": "http://127.0.0.1:9"})
    assert ended.exit_code == 2
    assert f"Invalid value for '{command[-1]}'" in ended.output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("run any --limit many", "'--limit': must be an integer"),
        ("run any --limit 0", "'--limit': must be at least 1"),
        ("run any --priority 10", "'--priority': must be at most 9"),
        ("run any --budget-usd much", "'--budget-usd': must be a number"),
        ("run any --budget-usd nan", "'--budget-usd': must be a number"),
        ("qstash-dev --speed -NaN", "'--speed': must be a number"),
        ("run any --budget-usd inf", "'--budget-usd': must be at most 1000000000"),
        ("run any --budget-usd 0", "'--budget-usd': must be greater than 0 "),
        ("run any --budget-usd -1", "'--budget-usd': must be greater than 0 "),
        ("resume run_1 --budget-usd 0", "'--budget-usd': must be greater than 0 "),
        ("preview any --sample 2 --budget-usd -1", "'--budget-usd': must be greater than 0 "),
        ("run any --ramp-start 2 --ramp-factor 1", "'--ramp-factor': must be greater than 1 "),
        ("run any --ramp-start 2 --ramp-factor -1", "'--ramp-factor': must be greater than 1 "),
        ("qstash-dev --speed 0", "'--speed': must be at least 0.001"),
        ("serve --port 70000", "'--port': must be at most 65535"),
    ],
)
def test_what_is_wrong_with_a_value_is_told_in_our_words(words: str, told: str) -> None:
    ended = CliRunner().invoke(app, words.split(), env={"COLUMNS": "200"})
    assert ended.exit_code == 2
    assert f"Invalid value for {told}" in ended.output
    assert "Input should" not in ended.output
