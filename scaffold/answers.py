"""What the template of families is told of a new family, and of one that an earlier template
wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from uuid import UUID

import yaml  # type: ignore[import-untyped]  # ships no types; copier reads its answers with it

from app.errors import BadInput
from scaffold.entities import PYTHON, entity_table
from scaffold.family_code import ids_in_code
from scaffold.names import names, snake
from scaffold.order import Order
from scaffold.revisions import next_revision


def answers_file(name: str) -> str:
    """Relative to the service."""
    return f".copier/family-{name}.yml"


def new_answers(root: Path, order: Order) -> dict[str, object]:
    """What is told of a new family.

    Raises:
        BadInput: it cannot be as it is ordered.
    """
    table = entity_table(root, order) if order.source == "sql" else None
    called = names(
        order.name, order.entity, order.plural, entity_class="" if table is None else table.name
    )
    new_table = order.source == "sql" and table is None
    answers: dict[str, object] = {
        **asdict(order),
        **asdict(called),
        "entity_key": table.key if table else "id",
        "entity_import": table.module if table else f"app.models.{called.entity_module}",
        "new_table": new_table,
        **_of_ids((table.id if table else order.id) or "text", order.entity),
    }
    if order.result == "table" or new_table:
        revision = next_revision(root, called.module)
        answers |= {"revision": revision.id, "follows": revision.follows}
    return answers


def kept_answers(root: Path, name: str) -> Mapping[str, object]:
    """What the template that wrote a family was told, and what copier adds to it.

    Raises:
        BadInput: the file of its answers is not one.
    """
    file = answers_file(name)
    try:
        told = yaml.safe_load((root / file).read_text("utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} cannot be read: {error}") from error
    if not isinstance(told, Mapping) or not {"entity", "module"} <= told.keys():
        raise BadInput(f"{file} does not say what `make family` was told. Take it from git again.")
    return told


def unasked_answers(root: Path, told: Mapping[str, object]) -> dict[str, object]:
    """What the earlier template that wrote a family did not ask for: read from the family's code
    where that tells it, else what it was while nobody could choose. Empty where nothing is missing.

    Raises:
        BadInput: its ids are of no kind that is known.
    """
    entity = str(told["entity"])
    found = ids_in_code(
        root / "app" / "workflows" / "families" / f"{told['module']}.py",
        str(told.get("entity_class", "")),
    )
    answers: dict[str, object] = {
        "entity_module": snake(entity),
        "entity_import": found.module or "app.models.user",
        "entity_key": found.key or "id",
        "new_table": False,
        **_of_ids(str(told.get("id") or found.kind or "text"), entity),
    }
    return {question: answer for question, answer in answers.items() if question not in told}


def _of_ids(kind: str, entity: str) -> dict[str, object]:
    """``samples`` are three ids to begin with, as text and as Python says them; ``gone`` is one
    that is not there."""
    if kind not in PYTHON:
        raise BadInput(f"id is one of {', '.join(PYTHON)}, not {kind!r}.")
    answers: dict[str, object] = {
        "id": kind,
        "id_type": PYTHON[kind],
        "item_text": "item_id" if kind == "text" else "str(item_id)",
    }
    if kind == "int":
        return answers | {"samples": ["1", "2", "3"], "sample_values": "[1, 2, 3]", "gone": '"4"'}
    if kind == "uuid":
        return answers | {
            "samples": [str(UUID(int=number)) for number in (1, 2, 3)],
            "sample_values": "[UUID(int=1), UUID(int=2), UUID(int=3)]",
            "gone": "str(UUID(int=4))",
        }
    samples = [f"{entity}-{number}" for number in (1, 2, 3)]
    sample_values = str(samples).replace("'", '"')
    return answers | {"samples": samples, "sample_values": sample_values, "gone": '"gone"'}
