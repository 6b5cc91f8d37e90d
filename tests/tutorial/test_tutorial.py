"""Does the tutorial as it stands: ``make tutorial-test``. It takes some minutes."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.support.servers.ports import free_port
from tests.tutorial.page import Command, Doing, Edit, Seen, Stop, is_shown, read
from tests.tutorial.terminals import OtherTerminal, Shell

ROOT = Path(__file__).resolve().parents[2]
ALLOWED = 600.0
"""Seconds: what the tutorial promises. A reader needs some of them to read."""

OF_THE_READER = {"PATH", "HOME", "USER", "LANG", "TMPDIR", "SSL_CERT_FILE", "UV_CACHE_DIR"}


@pytest.fixture
def environment() -> dict[str, str]:
    """What a reader has, with a port that nobody else listens on. How packages are found is the
    machine's business."""
    port = free_port()
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in OF_THE_READER
        or name.startswith(("PIP_", "UV_"))
        or name.lower().endswith("_proxy")
    }
    return {
        **kept,
        "REPOSITORY": str(ROOT),
        "SLUICE_PORT": str(port),
        "SLUICE_URL": f"http://127.0.0.1:{port}",
        "COLUMNS": "200",
    }


@pytest.mark.tutorial
@pytest.mark.timeout(1_800)
def test_whoever_does_what_the_tutorial_says_sees_what_it_shows(
    tmp_path: Path, environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    other = OtherTerminal(environment, tmp_path / "other.log")
    began = time.monotonic()
    try:
        with Shell(tmp_path, environment) as shell:
            for one in read((ROOT / "docs" / "tutorial.md").read_text("utf-8")):
                _do(one, shell, other)
                with capsys.disabled():
                    print(f"{time.monotonic() - began:6.1f} s  {_told(one)}")  # noqa: T201
    finally:
        other.stop()
    assert time.monotonic() - began < ALLOWED


def _do(one: Doing, shell: Shell, other: OtherTerminal) -> None:
    if isinstance(one, Stop):
        other.stop()
    elif isinstance(one, Seen):
        other.wait(lambda printed: is_shown(one.shown, printed))
    elif isinstance(one, Edit):
        file = shell.folder / one.file
        text = file.read_text("utf-8")
        assert text.count(one.before) == 1, f"{one.file} has not once:\n{one.before}"
        file.write_text(text.replace(one.before, one.after), "utf-8")
    elif one.elsewhere:
        other.start(one.text, shell.folder, lambda printed: is_shown(one.shown, printed))
    else:
        code, printed = shell.run(one.text)
        assert code == one.code, f"{one.text}{printed}"
        assert is_shown(one.shown, printed), f"{one.text}{printed}"


def _told(one: Doing) -> str:
    match one:
        case Command():
            return one.text.strip().splitlines()[-1]
        case Edit():
            return f"edit {one.file}"
        case Seen():
            return "seen in the other terminal"
        case Stop():
            return "Ctrl-C"
