"""What is read from a family's code, however its author has changed it."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaffold.family_code import IdsInCode, ids_in_code

ELIGIBLE = """
from app.models.invoice import Invoice

class Reminders(JobFamily[Params, Invoice, str]):
    def eligible(self, params):
        return select(Invoice.number).where(col(Invoice.open))
"""
TYPED = {
    "class A(JobFamily[Params, Thing, str, UUID]): pass": "uuid",
    "class A(JobFamily[Params, Thing, str, uuid.UUID]): pass": "uuid",
    "class A:\n    async def load(self, item_id: int, ctx): ...": "int",
    "class A:\n    def load(self, item_id: 'uuid.UUID', ctx): ...": "uuid",
    "class A:\n    def load(self, item_id: str, ctx): ...": "text",
    "class A:\n    def eligible(self, params) -> Select[int]: ...": "int",
    "class A:\n    def eligible(self, params) -> Select[tuple[UUID]]: ...": "uuid",
    "class A:\n    def eligible(self, params) -> Select[tuple[int, str]]: ...": "int",
    "class Row: pass\nclass A:\n    def load(self, item_id: int, ctx): ...": "int",
    # A name of the author's own tells nothing, and what stands behind it does.
    "class A:\n  def load(self, i: Id, c): ...\n  def eligible(self, p) -> Select[int]: ...": "int",
    "class A:\n    def load(self, item_id, ctx): ...": "",
    "class A(Mixin): pass": "",
    "def load(self, item_id: int): ...": "",
    "class A: def": "",
    "\0": "",
}


@pytest.mark.parametrize(("code", "kind"), TYPED.items())
def test_the_kind_of_the_ids_is_read_wherever_it_is_written(
    tmp_path: Path, code: str, kind: str
) -> None:
    file = tmp_path / "family.py"
    file.write_text(code, "utf-8")
    assert ids_in_code(file, "Thing").kind == kind


def test_the_table_is_where_its_class_is_imported_from(tmp_path: Path) -> None:
    file = tmp_path / "family.py"
    file.write_text(ELIGIBLE, "utf-8")
    assert ids_in_code(file, "Invoice") == IdsInCode("", "app.models.invoice", "number")
    assert ids_in_code(file, "User") == IdsInCode()


def test_the_key_is_what_is_selected_and_not_what_it_is_chosen_by(tmp_path: Path) -> None:
    file = tmp_path / "family.py"
    file.write_text(ELIGIBLE.replace("Invoice.number", "col(Invoice.number)"), "utf-8")
    assert ids_in_code(file, "Invoice").key == "number"
    file.write_text(ELIGIBLE.replace("Invoice.number", "func.upper(Invoice.number)"), "utf-8")
    assert ids_in_code(file, "Invoice").key == ""


def test_a_file_that_is_gone_tells_nothing(tmp_path: Path) -> None:
    assert ids_in_code(tmp_path / "gone.py", "User") == IdsInCode()
