"""What is told to make reaches the generator as it is, and neither make nor a shell reads it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "value",
    [
        "it's",
        "a'; touch broken; '",
        '"',
        "\\",
        "`touch broken`",
        "$$(touch broken)",
        "a b",
        "a;b",
        "$(shell touch broken)",
    ],
)
@pytest.mark.parametrize("verb", ["family", "family-update"])
def test_a_value_is_one_word_whatever_it_holds(tmp_path: Path, verb: str, value: str) -> None:
    assert _told(tmp_path, verb, value)[-1] == f"name={value}"


def test_a_newline_begins_no_command(tmp_path: Path) -> None:
    assert _told(tmp_path, "family", "a'\ntouch broken\n'")[-1] == "name=a'\\ntouch broken\\n'"


def _told(folder: Path, verb: str, value: str) -> list[str]:
    python = folder / "python"
    python.write_text('#!/bin/sh\nprintf "%s\\0" "$@"\n')
    python.chmod(0o755)
    given = [f"BIN={folder}", f"name={value}"]
    made = subprocess.run(
        ["make", "-s", "-f", ROOT / "Makefile", "-o", ".venv/.ready", verb, *given],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert not (folder / "broken").exists()
    return made.stdout.split("\0")[:-1]
