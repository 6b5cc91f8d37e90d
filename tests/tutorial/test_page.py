"""What the tutorial promises is compared as a reader would."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tutorial.page import Command, Edit, Seen, Stop, is_shown, read

PAGE = Path(__file__).resolve().parents[2] / "docs" / "tutorial.md"


def test_every_block_of_the_tutorial_is_something_to_do() -> None:
    kinds = {type(one) for one in read(PAGE.read_text("utf-8"))}
    assert kinds == {Command, Edit, Seen, Stop}


def test_a_block_that_nobody_would_do_is_refused() -> None:
    with pytest.raises(ValueError, match="does not know 'console'"):
        read("```console\n$ ls\n```\n")


def test_commands_carry_what_stands_around_them() -> None:
    text = "<!-- exit code 1 -->\n\n```sh\nls\n```\n\n```text\na\n```\n"
    assert read(text) == [Command("ls\n", "a\n", code=1)]


@pytest.mark.parametrize(
    ("shown", "printed", "so"),
    [
        ("a\nb", "x\na\n\n  b  \ny", True),
        ("a\nb", "a\nx\nb", False),
        ("a\n…\nb", "a\nx\ny\nb", True),
        ("a\n…\nb", "a\nb", True),
        ("62 failed", "63 failed", False),
        ("in 9.2 s", "in 10.7 s", True),
        ("in 9.2 s", "in 10 s", False),
        ("run_01M802BXE4922XNS18F0PZEZ2Q is", "run_01M80VA78D4X8F9F315MDBX1D8 is", True),
        ("from … to …", "from 0001 to 0002", True),
        ("succeeded", "not succeeded", False),
    ],
)
def test_what_is_shown_was_printed(shown: str, printed: str, so: bool) -> None:
    assert is_shown(shown, printed) is so
