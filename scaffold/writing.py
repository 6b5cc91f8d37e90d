"""Writes a new family, and brings one up to date. Copier renders and merges."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path

from copier import run_copy, run_update
from copier.errors import UserMessageError

from app.errors import BadInput
from scaffold.answers import answers_file, kept_answers, new_answers, unasked_answers
from scaffold.names import check_kebab
from scaffold.order import Order
from scaffold.versions import TEMPLATE, tell_versions


def write_family(root: Path, order: Order) -> list[str]:
    """Answers the files that were written, below ``root``. None of them was there before.

    Raises:
        BadInput: it cannot be; nothing was written.
    """
    data = new_answers(root, order)
    files = _files(data)
    for file in files:
        if (root / file).exists():
            raise BadInput(f"{file} is there already. Remove it, or choose another name.")
    with chdir(root):
        run_copy(
            tell_versions(root), root, data, answers_file=answers_file(order.name), vcs_ref="HEAD",
            defaults=True, quiet=True,
        )  # fmt: skip
    _tidy(root, files)
    return files


def update_family(root: Path, name: str) -> list[str]:
    """Merge what has changed in the template since the family was written; what you have changed
    stays. What an earlier template did not ask for is answered with what it then was. Answers the
    files in which git's conflict marks say that both changed the same lines.

    Raises:
        BadInput: it cannot be, for example while there are changes that are not committed.
    """
    check_kebab("A family's name", name)
    file = answers_file(name)
    if not (root / file).is_file():
        raise BadInput(f"{file} is not there: {name!r} was not written by make family.")
    with chdir(root):
        if tell_versions(root) == TEMPLATE:
            raise BadInput("To merge takes git: this folder is not a git repository.")
        try:
            run_update(
                root,
                unasked_answers(root, kept_answers(root, name)),
                answers_file=file,
                vcs_ref="HEAD",
                defaults=True,
                overwrite=True,
                quiet=True,
            )
        except (UserMessageError, ValueError) as error:
            raise BadInput(f"{name!r} cannot be updated: {error}") from error
    files = [one for one in _files(kept_answers(root, name)) if (root / one).is_file()]
    if whole := [one for one in files if _is_code(root / one)]:
        _tidy(root, whole)
    return [one for one in files if "<<<<<<< " in (root / one).read_text("utf-8")]


def _is_code(file: Path) -> bool:
    """Not while a conflict in it is to be settled first."""
    try:
        ast.parse(file.read_text("utf-8"))
    except (SyntaxError, ValueError):
        return False
    return file.suffix == ".py"


def _files(data: Mapping[str, object]) -> list[str]:
    module = data["module"]
    files = [answers_file(str(data["name"])), f"app/workflows/families/{module}.py"]
    if data["source"] == "csv":
        files.append(f"app/workflows/families/{module}.csv")
    if data["new_table"]:
        files.append(f"app/models/{data['entity_module']}.py")
    if data["result"] == "table":
        files.append(f"app/models/{module}.py")
    if data.get("revision"):
        files.append(f"alembic/service/versions/{data['revision']}.py")
    return [*files, f"tests/workflows/families/test_{module}.py"]


def _tidy(root: Path, files: list[str]) -> None:
    """Long names break lines where short ones do not, and sort elsewhere."""
    code = [file for file in files if file.endswith(".py")]
    for words in (("check", "--quiet", "--fix", "--select=I"), ("format", "--quiet")):
        command = [sys.executable, "-m", "ruff", *words, *code]
        subprocess.run(command, cwd=root, check=True)  # noqa: S603 - names that were checked
