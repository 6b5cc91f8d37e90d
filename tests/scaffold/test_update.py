"""``make family-update``: what is new in the template comes in, and what the author wrote stays."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # ships no types; comes with copier

from tests.support.processes.copied import Copied, copied

pytestmark = [pytest.mark.scaffold, pytest.mark.timeout(300, func_only=True)]

FAMILY = "app/workflows/families/otter_reminder.py"
TEST = "tests/workflows/families/test_otter_reminder.py"
TEMPLATE = "scaffold/family/template/app/workflows/families/{{ module }}.py.jinja"
WRITTEN = 'return f"Made for {entity.id}"'
MINE = 'return f"Dear {entity.id}"'
GIVEN = "parallelism=10, rate=50"
NEWER = "parallelism=4, rate=20"
MIGRATION = "scaffold/family/template/alembic/service/versions/{{ revision }}.py.jinja"
ASKED_FROM_THE_FIRST = (
    *("name", "module", "family_class", "table_class", "entity", "plural", "entity_class"),
    *("entity_field", "source", "result", "steps", "revision", "follows"),
)
BEFORE_IDS_HAD_TYPES = {
    "{{ id_type }}": "str",
    '{% if id == "uuid" %}': "{% if false %}",
    '{% if id != "text" %}': "{% if false %}",
    "{{ entity_key }}": "id",
    """{{ samples | join('", "') }}""": '{{ entity }}-1", "{{ entity }}-2',
}
"""What stands in the template today, and what stood there then."""


@pytest.fixture
def copy(tmp_path: Path) -> Copied:
    """A repository with one family, as it was written, in its second commit."""
    copy = copied(tmp_path / "sluice")
    copy.committed("The template")
    words = ("name=otter-reminder", "entity=invoice", "source=ids")
    ended = copy.python("-m", "scaffold", "family", *words)
    assert ended.returncode == 0, ended
    copy.committed("A family")
    return copy


def change(copy: Copied, file: str, before: str, after: str) -> None:
    path = copy.root / file
    text = path.read_text("utf-8")
    assert text.count(before) == 1
    path.write_text(text.replace(before, after), "utf-8")


def family_of(copy: Copied) -> str:
    return (copy.root / FAMILY).read_text("utf-8")


def update(copy: Copied) -> str:
    """What it says on stderr, once it has ended."""
    ended = copy.python("-m", "scaffold", "update", "name=otter-reminder")
    assert ended.returncode in (0, 2), ended
    assert (ended.returncode == 2) == ended.stderr.startswith("error: "), ended
    return ended.stderr


def test_both_changes_are_there_afterwards(copy: Copied) -> None:
    change(copy, FAMILY, WRITTEN, MINE)
    copy.committed("My own")
    change(copy, TEMPLATE, GIVEN, NEWER)
    change(
        copy, MIGRATION, "def upgrade", "# A database has gone through the former one.\ndef upgrade"
    )
    copy.committed("A newer template")
    update(copy)
    assert MINE in family_of(copy)
    assert NEWER in family_of(copy)
    changed = copy.run("git", "status", "--porcelain").stdout.split()[1::2]
    assert changed == [".copier/family-otter-reminder.yml", FAMILY]

    copy.committed("Updated")
    before = copy.files()
    update(copy)
    assert copy.files() == before


def test_another_clone_merges_alike(copy: Copied, tmp_path: Path) -> None:
    change(copy, TEMPLATE, GIVEN, NEWER)
    change(copy, FAMILY, WRITTEN, MINE)
    copy.committed("Both")
    clone = Copied(tmp_path / "clone")
    assert copy.run("git", "clone", "--quiet", ".", str(clone.root)).returncode == 0
    update(clone)
    assert MINE in family_of(clone)
    assert NEWER in family_of(clone)


def test_where_both_changed_one_line_it_is_marked(copy: Copied) -> None:
    change(copy, FAMILY, GIVEN, "parallelism=1")
    change(copy, TEMPLATE, GIVEN, NEWER)
    copy.committed("Both")
    ended = copy.python("-m", "scaffold", "update", "name=otter-reminder")
    assert f"Both changed the same lines of {FAMILY}: settle" in ended.stdout
    assert "<<<<<<<" in family_of(copy)
    assert "parallelism=1" in family_of(copy)


def test_what_is_not_committed_is_not_put_at_risk(copy: Copied) -> None:
    change(copy, FAMILY, WRITTEN, MINE)
    before = copy.files()
    assert "commit or stash" in update(copy)
    assert copy.files() == before


def test_a_family_that_was_written_by_hand_is_refused(copy: Copied) -> None:
    ended = copy.python("-m", "scaffold", "update", "name=welcome-placeholder")
    assert ended.returncode == 2
    assert "was not written by make family" in ended.stderr


def test_a_refusal_writes_nothing(copy: Copied) -> None:
    before = copy.files()
    for words in (
        ("name=otter-reminder", "entity=invoice"),
        (),
    ):
        ended = copy.python("-m", "scaffold", "family", *words)
        assert ended.returncode == 2, ended
        assert ended.stderr.startswith("error: ")
        assert "Traceback" not in ended.stderr
    (copy.root / "tests/workflows/families/test_other_one.py").write_text("mine\n", "utf-8")
    before = copy.files()
    ended = copy.python("-m", "scaffold", "family", "name=other-one", "entity=invoice")
    assert "tests/workflows/families/test_other_one.py is there already" in ended.stderr
    assert copy.files() == before


@pytest.mark.parametrize(("written", "kind"), [("str", "text"), ("int", "int"), ("UUID", "uuid")])
def test_what_an_earlier_template_did_not_ask_is_read_from_the_code(
    tmp_path: Path, written: str, kind: str
) -> None:
    copy = copied(tmp_path / "sluice")
    today = {
        path: path.read_bytes()
        for path in (copy.root / "scaffold/family").rglob("*")
        if path.is_file()
    }
    questions = copy.root / "scaffold/family/copier.yml"
    asked = re.split(r"^(?=\w)", questions.read_text("utf-8"), flags=re.MULTILINE)
    questions.write_text(
        "".join(
            part for part in asked if part[0] in "_#" or part.split(":")[0] in ASKED_FROM_THE_FIRST
        ),
        "utf-8",
    )
    code = (copy.root / TEMPLATE).read_text("utf-8")
    for new, old in BEFORE_IDS_HAD_TYPES.items():
        assert new in code
        code = code.replace(new, old)
    (copy.root / TEMPLATE).write_text(code, "utf-8")
    [its_test] = (copy.root / "scaffold/family/template/tests").rglob("*.jinja")
    its_test.write_text('"""The family."""\n', "utf-8")
    copy.committed("An earlier template")
    words = ("name=otter-reminder", "entity=user", "source=ids", "result=none", "id=uuid")
    ended = copy.python("-m", "scaffold", "family", *words)
    assert ended.returncode == 0, ended
    answers = copy.root / ".copier/family-otter-reminder.yml"
    assert yaml.safe_load(answers.read_text("utf-8")).keys() - {"_commit", "_src_path"} == set(
        ASKED_FROM_THE_FIRST
    )
    change(copy, FAMILY, "item_id: str", f"item_id: {written}")
    change(copy, FAMILY, WRITTEN, MINE)
    for path, content in today.items():
        path.write_bytes(content)
    copy.committed("My own family, and the template of today")

    assert update(copy) == ""
    told = yaml.safe_load(answers.read_text("utf-8"))
    assert (told["id"], told["id_type"], told["new_table"]) == (kind, written, False)
    assert (told["entity_import"], told["entity_key"]) == ("app.models.user", "id")
    assert told.keys() > set(ASKED_FROM_THE_FIRST)
    assert MINE in family_of(copy)
    assert GIVEN in family_of(copy)
    for tidy in (("check", "--select=I"), ("format", "--check")):
        assert copy.python("-m", "ruff", *tidy, FAMILY, TEST).returncode == 0
    copy.committed("Updated")
    before = copy.files()
    assert update(copy) == ""
    assert copy.files() == before


def test_answers_that_are_none_are_told(copy: Copied) -> None:
    (copy.root / ".copier/family-otter-reminder.yml").write_text("no: [answers", "utf-8")
    copy.committed("Broken")
    assert ".copier/family-otter-reminder.yml cannot be read" in update(copy)
