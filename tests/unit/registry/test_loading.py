"""Finding families: a file in the folder is enough, and each mistake has its sentence."""

from __future__ import annotations

import importlib
import itertools
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.errors import ConfigurationError
from app.workflows import families
from app.workflows.family import Remembered
from app.workflows.registry.discovery import collect_families, discover_families
from tests.support.families import Recording

_NUMBERS = itertools.count(1)
Folder = Callable[..., str]

HEAD = """from datetime import timedelta
from sqlmodel import select
from tests.support.users import User
from app.workflows.family import *
"""
FAMILY = (
    HEAD
    + """
class Greet(JobFamily[FamilyParams, str, str]):
    name = "greet"
    entity = Entity("user", "users")
    verb = "greet"

    def eligible(self, params):
        return select(User.id)

    def load(self, item_id, ctx):
        return item_id

    def execute(self, entity, params, ctx):
        return entity
"""
)
LINE = FAMILY.splitlines().index("class Greet(JobFamily[FamilyParams, str, str]):") + 1
CONTROL = f"broken.py line {LINE + 3}: A flow control's"
PAGE = """
    def page(self, cursor, size, params, ctx):
        return None
"""


def changed(old: str, new: str) -> str:
    assert FAMILY.count(old) == 1
    return FAMILY.replace(old, new)


def named(name: str) -> str:
    return changed('name = "greet"', f"name = {name}")


def sized(attribute: str) -> str:
    return changed('verb = "greet"', f"{attribute} = 0")


def remembering(how: str, params: str = "locale: str = 'en'", more: str = "") -> str:
    """The family with params of its own, and ``existing`` as ``how`` says."""
    kind = f"class Params(FamilyParams):\n    {params}\n\n\nclass Greet("
    attributes = f"params = Params\n    {more or 'version = 1'}\n    existing = {how}"
    return changed('verb = "greet"', attributes).replace("class Greet(", kind)


def without(method: str) -> str:
    return changed(f"def {method}(", f"def not_{method}(")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    """Makes a package of the given files, and answers its name."""
    name = f"families_of_test_{next(_NUMBERS)}"

    def make(**files: str) -> str:
        package = tmp_path / name
        package.mkdir()
        (package / "__init__.py").touch()
        for module, text in files.items():
            (package / f"{module}.py").write_text(text)
        monkeypatch.syspath_prepend(tmp_path)
        importlib.invalidate_caches()
        return name

    yield make
    for module in [m for m in sys.modules if m.partition(".")[0] == name]:
        del sys.modules[module]


def refusal(package: str) -> str:
    with pytest.raises(ConfigurationError) as refused:
        discover_families(package)
    return refused.value.detail


def test_the_templates_own_folder_loads() -> None:
    folder = Path(families.__file__).parent
    files = [file for file in folder.glob("*.py") if file.stem != "__init__"]
    assert len(discover_families()) == len(files)


def test_a_family_that_leaves_it_to_sluice_what_has_a_result_is_loaded(folder: Folder) -> None:
    text = remembering('Remembered(within=timedelta(days=30), by=["locale"])', more="version = 3")
    family = discover_families(folder(greet=text))["greet"]
    assert (family.version, family.existing) == (
        3,
        Remembered(within=timedelta(days=30), by=("locale",)),
    )


def test_a_file_in_the_folder_is_found_without_being_registered(folder: Folder) -> None:
    package = folder(greet=FAMILY, wave=FAMILY.replace('name = "greet"', 'name = "wave"'))
    families = discover_families(package)
    assert sorted(families) == ["greet", "wave"]
    assert [family.name for family in families.values()] == ["greet", "wave"]


def test_an_empty_folder_holds_no_family(folder: Folder) -> None:
    assert discover_families(folder()) == {}


def test_a_family_that_was_only_imported_is_not_the_files_own(folder: Folder) -> None:
    text = FAMILY + "\nfrom tests.support.families import Recording\n"
    assert list(discover_families(folder(greet=text))) == ["greet"]


def test_a_file_of_what_families_share_is_none_of_them(folder: Folder) -> None:
    base = """
from typing import Generic, TypeVar
from app.workflows.family import FamilyParams, JobFamily
ResultT = TypeVar("ResultT")
class Shared(JobFamily[FamilyParams, str, ResultT], Generic[ResultT]):
    def load(self, item_id, ctx):
        return item_id
"""
    package = folder(_shared=base, greet=FAMILY)
    greet = Path(sys.path[0], package, "greet.py")
    text = f"from {package}._shared import Shared\n" + without("load")
    greet.write_text(text.replace("JobFamily[FamilyParams, str, str]", "Shared[str]"), "utf-8")
    assert list(discover_families(package)) == ["greet"]


def test_a_family_that_no_text_defines_is_loaded_all_the_same(folder: Folder) -> None:
    made = "\nWave = type('Wave', (Greet,), {'name': 'wave', '__module__': __name__})\ndel Greet\n"
    assert list(discover_families(folder(wave=FAMILY + made))) == ["wave"]


def test_loading_twice_finds_the_same(folder: Folder) -> None:
    package = folder(greet=FAMILY)
    assert list(discover_families(package)) == list(discover_families(package)) == ["greet"]


REMEMBERED_LINE = LINE + 9
REFUSED = {
    "within of nothing": (
        remembering("Remembered(within=timedelta(0))"),
        f"broken.py line {REMEMBERED_LINE}: Remembered needs a within above 0 and of at most",
    ),
    "within of a number": (remembering("Remembered(within=30)"), "days=30), not 30."),
    "within of ages": (remembering("Remembered(within=timedelta.max)"), "at most 36,500 days"),
    "by of a text": (
        remembering('Remembered(by=("locale"))'),
        """takes the names of params as by=("locale",), each once, not by='locale'.""",
    ),
    "by of one twice": (remembering('Remembered(by=("locale", "locale"))'), "each once"),
    "by of no param": (
        remembering('Remembered(by=("lokale",))'),
        "greet: existing = Remembered(…): by names 'lokale', which is none of its params (locale)",
    ),
    "by of a secret": (
        remembering('Remembered(by=("key",))', "key: __import__('pydantic').SecretStr = 'a'"),
        "by names 'key', which holds a secret.",
    ),
    "by of a set": (
        remembering('Remembered(by=("tags",))', "tags: frozenset[str] = frozenset()"),
        "by names 'tags', which holds a set: its values come in no order. Make it a tuple.",
    ),
    "no call of Remembered": (remembering("Remembered"), "Write Remembered()."),
    "partitions that are not told apart": (
        remembering(
            "Remembered()", "day: __import__('datetime').date = None", "partitions = Daily()"
        ),
        'has results of its own. Let Remembered name what it is cut by, such as by=("day",).',
    ),
    "a default that the param does not take": (
        remembering("Remembered()", "seconds: int = None"),
        "what params are when nothing is named: params.seconds: ",
    ),
    "a default beside a param that must be named": (
        remembering("Remembered()", "day: str; seconds: int = 'many'"),
        "what params are when nothing is named: params.seconds: ",
    ),
    "a version of nothing": (
        remembering("Remembered()", more="version = 0"),
        "greet needs a version that is a whole number of 1 or more, not 0.",
    ),
    "a version of a text": (remembering("Remembered()", more="version = '2'"), "not '2'."),
    "a version that is yes": (remembering("Remembered()", more="version = True"), "not True."),
    "no family": (HEAD, "broken.py must define exactly one subclass of JobFamily; it defines none"),
    "two families": (
        FAMILY + "\nclass Wave(Greet):\n    name = 'wave'\n",
        f"it defines Greet line {LINE}, Wave line {len(FAMILY.splitlines()) + 2}.",
    ),
    "a name with capitals": (
        changed('"greet"\n    entity', '"Greet"\n    entity'),
        "it is 'Greet'",
    ),
    "a name with underscores": (named('"a_b"'), "kebab-case"),
    "a name with a dot": (named('"a.b"'), "kebab-case"),
    "a name with a line break": (
        changed('"greet"\n    entity', '"a\\n"\n    entity'),
        "kebab-case",
    ),
    "an empty name": (named('""'), "kebab-case"),
    "a long name": (
        named(f'"{"a" * 61}"'),
        "at most 60 characters",
    ),
    "no name": (changed('    name = "greet"\n', ""), "it is None"),
    "no entity": (changed('    entity = Entity("user", "users")\n', ""), "greet needs entity = "),
    "an entity in capitals": (changed('"users"', '"Users"'), "greet needs entity = "),
    "a verb of two words": (changed('verb = "greet"', 'verb = "say hi"'), "and a verb, in kebab"),
    "no eligible": (without("eligible"), "greet needs either eligible() for a SELECT, or page()"),
    "both eligible and page": (
        FAMILY + PAGE,
        "greet needs either eligible() for a SELECT, or page()",
    ),
    "no load": (without("load"), f"broken.py line {LINE}: greet lacks the method load()"),
    "no execute": (without("execute"), "greet lacks the method execute()"),
    "no attempts": (sized("attempts"), "attempts, page_size"),
    "no page size": (sized("page_size"), "attempts, page_size"),
    "a priority above nine": (changed('verb = "greet"', "priority = 10"), "needs a priority"),
    "a priority below zero": (changed('verb = "greet"', "priority = -1"), "needs a priority"),
    "half a priority": (changed('verb = "greet"', "priority = 2.5"), "from 0 to 9"),
    "a priority that is none": (changed('verb = "greet"', "priority = True"), "needs a priority"),
    "a timeout of a number": (changed('verb = "greet"', "timeout = 5"), "needs a timeout"),
    "a backoff of a number": (changed('verb = "greet"', "backoff = 5"), "needs a backoff"),
    "no chunk size": (
        changed('    verb = "greet"\n', "    chunk_size = 0\n"),
        "attempts, page_size",
    ),
    "parallelism of nothing": (
        changed('verb = "greet"', "flow = Flow(execute=FlowControl(parallelism=0))"),
        CONTROL + " parallelism must be from 1 to 1,000,000, not 0",
    ),
    "a negative rate": (
        changed('verb = "greet"', "flow = Flow(execute=FlowControl(rate=-1))"),
        CONTROL + " rate must be above 0 and at most 1,000,000, not -1",
    ),
    "a syntax error": (
        HEAD + "class (:",
        "broken.py line 5: it cannot be loaded: SyntaxError: invalid syntax",
    ),
    "an import error": (
        HEAD + "import not_there_at_all",
        "broken.py line 5: it cannot be loaded: ModuleNotFoundError: No module named",
    ),
    "an error of its own": (
        "def why():\n    raise ValueError('why not')\n\nwhy()",
        "broken.py line 2: it cannot be loaded: ValueError: why not",
    ),
}


@pytest.mark.parametrize(("text", "sentence"), REFUSED.values(), ids=REFUSED)
def test_each_mistake_of_a_file_has_its_sentence(folder: Folder, text: str, sentence: str) -> None:
    said = refusal(folder(broken=text))
    assert sentence in said
    assert said.startswith("broken.py")


def test_a_name_that_is_taken_says_by_which_file(folder: Folder) -> None:
    said = refusal(folder(first=FAMILY, second=FAMILY))
    assert said == (
        f"second.py line {LINE}: the name 'greet' is taken by first.py line {LINE}."
        " Give one of them another name."
    )


def test_families_that_are_handed_over_are_checked_alike() -> None:
    one, other = Recording(), Recording()
    assert collect_families([("here", one)]) == {"recording": one}
    with pytest.raises(ConfigurationError, match=r"there: the name 'recording' is taken by here\."):
        collect_families([("here", one), ("there", other)])


def test_a_family_that_cannot_be_made_has_its_sentence(folder: Folder) -> None:
    text = FAMILY + "\n    def __init__(self, colour):\n        pass\n"
    assert "broken.py" in refusal(folder(broken=text))


@pytest.mark.parametrize("verb", ["process", "paginate", "sample"])
def test_a_verb_that_makes_one_route_twice_is_refused(folder: Folder, verb: str) -> None:
    text = changed('Entity("user", "users")', 'Entity("sheep", "sheep")').replace(
        'verb = "greet"', f'verb = "{verb}"'
    )
    assert f"cannot have the verb {verb!r}" in refusal(folder(broken=text))
