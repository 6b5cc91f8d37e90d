"""Which files are looked at, what a base of the same folder has to do with it, and what is said
where a rule cannot be looked at."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from app.errors import BadInput
from app.workflows.checks.declaration import declaration
from app.workflows.checks.family_code import code_of
from app.workflows.checks.findings import Rule
from app.workflows.family import After, Context, FinishedRun, Remembered
from tests.support.families import Recording
from tests.unit.checks.family_package import (
    EXISTING,
    HEAD,
    HERE,
    LOAD,
    NO_DATABASE,
    SAVE,
    family,
    line_of,
    written,
)
from tests.workflows.invocations.postcards import Kept

WAVE = family().replace('"greet"', '"wave"').replace("class Greet", "class Wave")
BASE = (
    HEAD
    + "class Shared(JobFamily[FamilyParams, str, str]):\n"
    + f"    timeout = timedelta(days=1)  {HERE}\n"
)
BASED = "from PACKAGE._shared import Shared\n"


def on_a_base(text: str) -> str:
    return text.replace("class Greet(JobFamily[FamilyParams, str, str])", "class Greet(Shared)")


async def test_all_families_are_looked_at_or_the_one_that_is_named(tmp_path: Path) -> None:
    with written(tmp_path, greet=family(SAVE), wave=WAVE) as package:
        assert [one.name for one in await package.checked()] == ["greet", "wave"]
        (wave,) = await package.checked("wave")
        assert (wave.name, wave.found) == ("wave", [])
        assert wave.place.file.name == "wave.py"
        with pytest.raises(BadInput, match=r"no family 'nod'. Known are: greet, wave\."):
            await package.checked("nod")


async def test_what_is_written_in_a_base_of_the_folder_counts_and_is_told_there(
    tmp_path: Path,
) -> None:
    fine = on_a_base(family(SAVE, head=BASED))
    with written(tmp_path, _shared=BASE + EXISTING, greet=fine) as package:
        assert await package.found() == []
    slow = BASE + LOAD.replace("return item_id", f"open('x')  {HERE}\n        return item_id")
    folder = tmp_path / "slow"
    folder.mkdir()
    with written(folder, _shared=slow, greet=on_a_base(family(head=BASED, load=""))) as package:
        (found,) = await package.found()
        assert (found.rule, found.place.file.name) == (Rule.BLOCKING_CALL, "_shared.py")
        assert HERE in line_of(found)


async def test_only_what_the_author_wrote_is_looked_at(tmp_path: Path) -> None:
    mixed = on_a_base(family(head=BASED)).replace("(Shared)", "(Shared, ABC)")
    with written(
        tmp_path, _shared=BASE, greet=mixed.replace("\nclass", "\nfrom abc import ABC\nclass")
    ) as package:
        (checked,) = await package.checked()
        assert checked.family is not None
        modules = [one.module.__name__ for one in code_of(checked.family).modules]
        assert modules == [f"{package.package}.greet", f"{package.package}._shared"]


async def test_a_file_that_cannot_be_loaded_is_an_error_at_its_line_and_stops_no_other(
    tmp_path: Path,
) -> None:
    broken = f"import os\n\nimport not_there_at_all  {HERE}\n"
    with written(tmp_path, broken=broken, greet=family(SAVE)) as package:
        checked = {one.name: one for one in await package.checked()}
        (error,) = checked["broken"].found
        assert error.rule is Rule.REFUSED
        assert HERE in line_of(error)
        assert error.message.startswith("The service does not start: it cannot be loaded: Module")
        assert [one.rule for one in checked["greet"].found] == [Rule.SAVE_WITHOUT_EXISTING]
        assert [one.name for one in await package.checked("greet")] == ["greet"]
        # Perhaps it is the one that is meant.
        assert [one.name for one in await package.checked("nod")] == ["broken"]


async def test_a_name_that_two_have_is_told(tmp_path: Path) -> None:
    with written(tmp_path, first=family(), second=family()) as package:
        found = [one for one in await package.found() if one.rule is Rule.REFUSED]
        assert [one.place.file.name for one in found] == ["second.py"]
        assert "the name 'greet' is taken by first.py" in found[0].message


async def test_a_family_that_no_test_names_is_told(tmp_path: Path) -> None:
    with written(tmp_path, greet=family(), wave=WAVE) as package:
        (package.tests / "test_wave.py").write_text("# of greetings and waves: greet-again, wave_2")
        (found,) = await package.found()
        assert (found.rule, found.place.file.name) == (Rule.NO_TEST, "wave.py")
        (package.tests / "test_wave.py").write_text("from somewhere import Wave")
        assert await package.found() == []


async def test_what_cannot_be_looked_at_is_said(tmp_path: Path) -> None:
    required = "\nclass Params(FamilyParams):\n    region: str\n"
    texts = {
        "greet": family(),
        "wave": WAVE.replace(HEAD, HEAD + required).replace(
            'name = "wave"', 'name = "wave"\n    params = Params'
        ),
    }
    with written(tmp_path, **texts) as package:
        for file in package.tests.iterdir():
            file.unlink()
        package.tests.rmdir()
        greet, wave = await package.checked()
        assert {one.rule: one.reason for one in greet.skipped} == {
            Rule.NO_TEST: "There is no folder tests/ here.",
            Rule.IDS_WITHOUT_INDEX: NO_DATABASE,
        }
        assert {one.rule for one in wave.skipped} == {
            Rule.NO_TEST,
            Rule.ELIGIBLE_REFUSED,
            Rule.IDS_NOT_UNIQUE,
            Rule.IDS_WITHOUT_INDEX,
        }


async def test_what_is_written_is_told_and_what_is_only_inherited_is_not(tmp_path: Path) -> None:
    ready = "    def ready(self, params: FamilyParams, ctx: Context) -> None: ...\n"
    with written(tmp_path, greet=family(ready, EXISTING, SAVE)) as package:
        (checked,) = await package.checked()
        assert checked.family is not None
        said = declaration(checked.family)
        assert said["methods"] == "ready, existing, load, execute, save"
        assert said["flow of execute"] == "no limit"
        assert (said["params"], said["schedule"]) == ("none", "none")


def test_what_a_caller_may_hand_over_is_told() -> None:
    said = declaration(Kept())
    assert said["takes an entity"] == "to_whom (required), copies = 1, lines = …, secret = null"
    assert said["methods"] == "existing, load, execute, save, save_invoked"
    assert "takes an entity" not in declaration(Recording())


def test_what_comes_before_and_after_its_runs_is_told() -> None:
    class Reporting(Recording):
        after = ("imports", After("users"))

        async def finish(self, run: FinishedRun[str], ctx: Context) -> None: ...

    said = declaration(Reporting())
    assert (said["after"], said["methods"].split(", ")[-1]) == ("imports, users", "finish")
    assert "after" not in declaration(Recording())


def test_what_a_family_leaves_to_sluice_is_told_in_words() -> None:
    class Recalling(Recording):
        existing = Remembered(within=timedelta(days=30))
        version = 2

    said = declaration(Recalling())
    assert said["remembers"] == "results for 30 days; version 2"
    assert "existing" not in said["methods"]
