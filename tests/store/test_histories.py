"""Which revisions there are, read without Alembic."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import ConfigurationError
from app.migrate import scripts_of
from app.store.histories import HISTORIES, MigrationHistory, known_revisions
from tests.support.servers.histories import own_history


@pytest.mark.parametrize("history", HISTORIES, ids=lambda one: one.name)
def test_the_revisions_that_are_read_are_those_that_alembic_finds(
    history: MigrationHistory,
) -> None:
    found = [script.revision for script in scripts_of(history).walk_revisions()]
    assert list(known_revisions(history)) == found


def test_a_merge_and_an_annotated_revision_are_read_as_alembic_reads_them(tmp_path: Path) -> None:
    history = own_history(tmp_path, first="SELECT 1")
    versions = history.folder / "versions"
    for name, follows in (("left", "first"), ("right", "first"), ("both", ("left", "right"))):
        said = f"revision: str = {name!r}\ndown_revision: object = {follows!r}\n"
        (versions / f"{name}.py").write_text(said, "utf-8")
    (versions / "__init__.py").touch()
    newest, *middle, oldest = known_revisions(history)
    assert (newest, sorted(middle), oldest) == ("both", ["left", "right"], "first")
    assert {one.revision for one in scripts_of(history).walk_revisions()} == {
        newest, *middle, oldest,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("down_revision = 'first'", "must say its revision"),
        ("revision = NAME", "as plain texts"),
        ("revision = 'next'\ndown_revision = 'gone'", "follow gone, which is not there"),
        ("revision = 'next'\ndown_revision = 'next'", "in a circle"),
    ],
)
def test_migrations_that_have_no_order_are_refused_with_a_sentence(
    tmp_path: Path, text: str, sentence: str
) -> None:
    history = own_history(tmp_path, first="SELECT 1")
    (history.folder / "versions" / "next.py").write_text(text, "utf-8")
    with pytest.raises(ConfigurationError, match=sentence):
        known_revisions(history)
