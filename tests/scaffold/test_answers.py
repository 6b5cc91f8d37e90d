"""What may be answered when a service is started: none of it is read as anything but a name."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]  # ships no types; comes with myst-parser
from copier import run_copy

from app.errors import BadInput
from scaffold.writing import update_family

ROOT = Path(__file__).parents[2]
FILLED_IN = (".copier-answers.yml", "docker-compose.yml", "pyproject.toml", "app/__init__.py")
WORDS = ("true", "null", "yes", "no", "on", "e1", "none-but-ours")
"""That YAML, read by one of its versions or another, takes for something else than a text."""
REFUSED = {
    "project_name": (
        "", "it's", 'a"b', "a\nb", "a\n", "a b", "a;b", "$(touch x)", "`x`", "{{ 1 }}",
        "[" * 3 + "= 1 =]]]", "../up", "a/b", "A", "1a", "-a", "a-", "a--b", "ä", "a" * 64,
    ),
    "database": (
        "", "it's", 'a"b', "a\nb", "a\n", "a b", "a-b", "a;b", "a:b", "a@b", "A", "1a", "ä",
        "a" * 64, "none", "public", "template0", "template1", "pg_ours",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The questions, and the files into which an answer to one is written."""
    folder = tmp_path_factory.mktemp("template")
    for name in ("copier.yml", *FILLED_IN):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    return folder


@pytest.mark.parametrize(
    ("question", "answer"),
    [(question, answer) for question, answers in REFUSED.items() for answer in answers],
)
def test_an_answer_that_is_no_name_is_refused_and_nothing_is_written(
    template: Path, tmp_path: Path, question: str, answer: str
) -> None:
    to = tmp_path / "service"
    with pytest.raises(ValueError, match=f"Validation error for question '{question}'"):
        start(template, to, **{"project_name": "acme", question: answer})
    assert not to.exists()


@pytest.mark.parametrize("word", WORDS)
def test_a_name_is_a_text_in_every_file_whatever_word_it_is(
    template: Path, tmp_path: Path, word: str
) -> None:
    start(template, tmp_path, project_name=word, database=word.replace("-", "_"))
    compose = yaml.safe_load((tmp_path / "docker-compose.yml").read_text("utf-8"))
    made = compose["services"]["postgres"]["environment"]
    project = tomllib.loads((tmp_path / "pyproject.toml").read_text("utf-8"))["project"]
    assert (compose["name"], compose["services"]["api"]["image"], project["name"]) == (word,) * 3
    assert (made["POSTGRES_USER"], made["POSTGRES_DB"]) == ("service", word.replace("-", "_"))
    assert f'SERVICE = "{word}"\n' in (tmp_path / "app/__init__.py").read_text("utf-8")
    kept = yaml.safe_load((tmp_path / ".copier-answers.yml").read_text("utf-8"))
    assert kept["project_name"] == word


@pytest.mark.parametrize("name", ["../family", "a/b", "a'b", "a\n", ""])
def test_a_family_that_is_to_be_updated_is_named_as_one_can_be(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="kebab-case"):
        update_family(tmp_path, name)


def start(template: Path, to: Path, **answers: object) -> None:
    run_copy(str(template), to, answers, defaults=True, quiet=True)
