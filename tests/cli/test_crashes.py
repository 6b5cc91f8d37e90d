"""What nobody expected goes through the one log as well: a line, and no secret in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SECRET = "of-the-database-and-nobody-else"
BROKEN = """
import sys, threading
import typer
from app.cli import main
from app.cli.app import COMMANDS
from app.composition.process_log import begin_log
from app.settings import load_settings

def fail(said):
    raise RuntimeError(said)

class Failing:
    def __del__(self):
        fail(said)

commands = typer.Typer()

@commands.command()
def broken(how: str) -> None:
    if how != "without a log":
        begin_log(load_settings())
    if how == "in a thread":
        thread = threading.Thread(target=fail, args=[said])
        thread.start()
        thread.join()
    elif how == "where nobody can catch it":
        Failing()
    else:
        fail(said)

said = sys.argv.pop()
COMMANDS["broken"] = ("broken", "It is.")
sys.modules["app.cli.broken"] = sys.modules["__main__"]
main()
"""


def crash(how: str, said: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", BROKEN, "broken", how, said],
        cwd=folder,
        env={
            "DATABASE_URL": f"postgresql://me:{SECRET}@db/app",
            "PYTHONPATH": str(Path(__file__).parents[2]),
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("how", "said", "event", "status"),
    [
        ("without a log", f"postgresql://me:{SECRET}@db/app", "command_failed", 2),
        ("with a log", f"It is {SECRET}", "command_failed", 2),
        ("in a thread", f"It is {SECRET}", "thread_failed", 0),
        ("where nobody can catch it", f"It is {SECRET}", "error_ignored", 0),
    ],
)
def test_a_crash_is_one_line_of_the_log_and_holds_no_secret(
    how: str, said: str, event: str, status: int, tmp_path: Path
) -> None:
    ended = crash(how, said, tmp_path)
    assert ended.returncode == status, ended
    [line] = ended.stderr.splitlines()
    told = json.loads(line)
    assert (told["event"], told["level"]) == (event, "critical")
    assert told["exception"][-1]["exc_type"] == "RuntimeError"
    assert SECRET not in ended.stderr
    assert ended.stdout == ""
