"""Writes a new family, and brings one up to date. Copier renders and merges."""

from __future__ import annotations

import subprocess
import sys
from contextlib import chdir
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

from copier import run_copy, run_update
from copier.errors import UserMessageError

from app.errors import BadInput
from scaffold.entities import PYTHON, entity_table
from scaffold.names import check_kebab, names
from scaffold.order import Order
from scaffold.revisions import next_revision
from scaffold.versions import TEMPLATE, tell_versions


def write_family(root: Path, order: Order) -> list[str]:
    """Answers the files that were written, below ``root``. None of them was there before.

    Raises:
        BadInput: it cannot be; nothing was written.
    """
    table = entity_table(root, order) if order.source == "sql" else None
    called = names(
        order.name, order.entity, order.plural, entity_class="" if table is None else table.name
    )
    new_table = order.source == "sql" and table is None
    id_kind = (table.id if table else order.id) or "text"
    data: dict[str, object] = {
        **asdict(order),
        **asdict(called),
        "id": id_kind,
        "id_type": PYTHON[id_kind],
        "entity_key": table.key if table else "id",
        "entity_import": table.module if table else f"app.models.{called.entity_module}",
        "new_table": new_table,
        "item_text": "item_id" if id_kind == "text" else "str(item_id)",
        **_samples(id_kind, order.entity),
    }
    if order.result == "table" or new_table:
        revision = next_revision(root, called.module)
        data |= {"revision": revision.id, "follows": revision.follows}
    files = _files(data)
    for file in files:
        if (root / file).exists():
            raise BadInput(f"{file} is there already. Remove it, or choose another name.")
    with chdir(root):
        run_copy(
            tell_versions(root), root, data, answers_file=_answers(order.name), vcs_ref="HEAD",
            defaults=True, quiet=True,
        )  # fmt: skip
    _tidy(root, files)
    return files


def update_family(root: Path, name: str) -> None:
    """Merge what has changed in the template since the family was written; what you have changed
    stays. Where both changed the same lines, git's conflict marks say so.

    Raises:
        BadInput: it cannot be, for example while there are changes that are not committed.
    """
    check_kebab("A family's name", name)
    answers = _answers(name)
    if not (root / answers).is_file():
        raise BadInput(f"{answers} is not there: {name!r} was not written by make family.")
    with chdir(root):
        if tell_versions(root) == TEMPLATE:
            raise BadInput("To merge takes git: this folder is not a git repository.")
        try:
            run_update(
                root,
                answers_file=answers,
                vcs_ref="HEAD",
                defaults=True,
                overwrite=True,
                quiet=True,
            )
        except (UserMessageError, ValueError) as error:
            raise BadInput(f"{name!r} cannot be updated: {error}") from error


def _samples(kind: str, entity: str) -> dict[str, object]:
    """Three ids to begin with: as text, as Python says them, and one that is not there."""
    if kind == "int":
        return {"samples": ["1", "2", "3"], "sample_values": "[1, 2, 3]", "gone": '"4"'}
    if kind == "uuid":
        return {
            "samples": [str(UUID(int=number)) for number in (1, 2, 3)],
            "sample_values": "[UUID(int=1), UUID(int=2), UUID(int=3)]",
            "gone": "str(UUID(int=4))",
        }
    samples = [f"{entity}-{number}" for number in (1, 2, 3)]
    return {"samples": samples, "sample_values": str(samples).replace("'", '"'), "gone": '"gone"'}


def _answers(name: str) -> str:
    return f".copier/family-{name}.yml"


def _files(data: dict[str, object]) -> list[str]:
    module = data["module"]
    files = [_answers(str(data["name"])), f"app/workflows/families/{module}.py"]
    if data["source"] == "csv":
        files.append(f"app/workflows/families/{module}.csv")
    if data["new_table"]:
        files.append(f"app/models/{data['entity_module']}.py")
    if data["result"] == "table":
        files.append(f"app/models/{module}.py")
    if "revision" in data:
        files.append(f"alembic/service/versions/{data['revision']}.py")
    return [*files, f"tests/workflows/families/test_{module}.py"]


def _tidy(root: Path, files: list[str]) -> None:
    """Long names break lines where short ones do not, and sort elsewhere."""
    code = [file for file in files if file.endswith(".py")]
    for words in (("check", "--quiet", "--fix", "--select=I"), ("format", "--quiet")):
        command = [sys.executable, "-m", "ruff", *words, *code]
        subprocess.run(command, cwd=root, check=True)  # noqa: S603 - names that were checked
