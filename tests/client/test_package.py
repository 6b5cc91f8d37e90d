"""The client as another team installs it: alone."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from pydantic import BaseModel

from app.schemas.events import EventView
from app.schemas.items import ChunkView, ItemView
from app.schemas.runs import (
    ActualView,
    CountersView,
    FinishView,
    ParentView,
    RunAnswer,
    RunView,
    ThrottledView,
)
from app.schemas.samples.answers import (
    ResultDiffView,
    SampleAnswer,
    SampleGroupView,
    SampleOutcomes,
    SampleStopView,
)
from app.schemas.workflow_answers import DryRunAnswer, PreviewAnswer
from app.schemas.workflow_bodies import RunOptionsBody
from app.workflows.runs.expectation import Estimate
from sluice import models, samples

ROOT = Path(__file__).parents[2]
ALONE = """
import sys

class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("app", "fastapi", "sqlalchemy", "sqlmodel", "starlette"):
            raise ImportError(name)

sys.meta_path.insert(0, Nothing())
import sluice.client
print(sluice.client.__file__)
"""


def test_it_is_built_and_imported_without_the_service(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT / "sluice",
        check=True,
        capture_output=True,
    )
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
        [about] = [name for name in names if name.endswith("METADATA")]
        metadata = Parser().parsestr(packed.read(about).decode())
    files = [*(ROOT / "sluice").rglob("*.py"), ROOT / "sluice" / "py.typed"]
    own = {file.relative_to(ROOT).as_posix() for file in files}
    assert {name for name in names if ".dist-info/" not in name} == own
    needs = [line.partition(">")[0] for line in metadata.get_all("Requires-Dist", [])]
    assert sorted(needs) == ["httpx2", "pydantic"]
    done = subprocess.run(
        [sys.executable, "-c", ALONE],
        cwd=tmp_path,
        env={"PYTHONPATH": str(wheel)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(wheel))


@pytest.mark.parametrize(
    ("read", "answered", "left_out"),
    [
        # For whoever looks for a fault: `sluice item` and the console show them.
        (models.Item, ItemView, {"postponements", "result_omitted", "error_traceback"}),
        (models.Chunk, ChunkView, set()),
        (models.Event, EventView, set()),
        (models.DryRun, DryRunAnswer, {"success", "dry_run"}),
        # What `diff` was made from, and how a preview stops.
        (models.Preview, PreviewAnswer, {"success", "dry_run", "before", "after", "stop"}),
        (models.Estimate, Estimate, set()),
        (models.Actual, ActualView, set()),
        (models.Finish, FinishView, set()),
        (models.Parent, ParentView, set()),
        (models.Throttled, ThrottledView, set()),
        # Where its spans are, likewise.
        (models.RunAnswer, RunAnswer, {"success", "trace"}),
        (samples.Sample, SampleAnswer, {"success", "dry_run"}),
        (samples.SampleOutcomes, SampleOutcomes, set()),
        (samples.SampleGroup, SampleGroupView, set()),
        (samples.SampleStop, SampleStopView, set()),
        (samples.ResultDiff, ResultDiffView, set()),
    ],
)
def test_it_reads_all_that_the_service_answers_but_what_is_named_here(
    read: type[BaseModel], answered: type[BaseModel], left_out: set[str]
) -> None:
    """So that who adds a field to an answer says whether callers read it."""
    assert left_out <= answered.model_fields.keys()
    assert read.model_fields.keys() == answered.model_fields.keys() - left_out


def test_a_run_is_read_with_its_counters_and_its_finish() -> None:
    # What its caller has asked for, where paging stands, and what is read one by one.
    left_out = {"options", "item_ids", "item_list", "cursor", "counters"}
    assert left_out <= RunView.model_fields.keys()
    answered = RunView.model_fields.keys() | CountersView.model_fields.keys() | {"finish"}
    assert models.RunState.model_fields.keys() == answered - left_out


def test_the_options_of_a_run_are_those_of_the_service() -> None:
    assert models.RunOptions.__annotations__.keys() == RunOptionsBody.model_fields.keys()
