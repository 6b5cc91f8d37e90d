"""What ``make family`` and ``make family-update`` run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import typer

from app.errors import BadInput, SluiceError
from scaffold.order import as_asked, as_told
from scaffold.writing import update_family, write_family

ROOT = Path(__file__).resolve().parents[1]


def family(words: list[str]) -> None:
    """Asks where nothing is said, and a person is there to be asked."""
    if not words and not sys.stdin.isatty():
        raise BadInput("name= is missing, as in: make family name=invoice-reminder entity=invoice")
    order = as_told(ROOT, words) if words else as_asked(ROOT, _ask)
    for file in write_family(ROOT, order):
        typer.echo(f"wrote {file}")
    _check(order.name)
    typer.echo(f"Next: make serve, and then: .venv/bin/sluice run {order.name} --dry-run")


def _check(name: str) -> None:
    """Tell what `sluice check` says of it, in a process of its own: this one has loaded the
    families and the tables that there were before."""
    sys.stdout.flush()
    command = "from app.cli import main; main()"
    subprocess.run([sys.executable, "-c", command, "check", name], cwd=ROOT, check=False)  # noqa: S603 - a name that was checked


def update(words: list[str]) -> None:
    told = dict(word.partition("=")[::2] for word in words)
    if list(told) != ["name"] or not told["name"]:
        raise BadInput("name= is missing, as in: make family-update name=invoice-reminder")
    for file in update_family(ROOT, told["name"]):
        typer.echo(f"Both changed the same lines of {file}: settle what is marked there.")
    typer.echo(
        "Up to date. Look at it with git diff; make check and make test say whether it fits."
    )


def _ask(question: str, default: str) -> str:
    return str(typer.prompt(question, default=default or None, err=False))


def main(words: list[str]) -> int:
    commands = {"family": family, "update": update}
    try:
        commands[words[0]](words[1:])
    except SluiceError as error:
        sys.stderr.write(f"error: {error.detail}\n")
        return 2
    except (KeyboardInterrupt, typer.Abort):
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
