"""Wherever the API takes options of a run, the command line has one for each."""

from __future__ import annotations

from typing import Any

import pytest

from app.api.operations.backfills import NewBackfill
from app.api.runs.actions import Resume
from app.cli.app import loaded
from app.schemas.workflow_bodies import RunOptionsBody
from app.workflows.contract.run_options import ScheduleOptions

INSIDE = {"ramp": {"ramp_start", "ramp_factor", "ramp_every"}}
INSIDE["budget"] = {"budget_usd", "budget_tokens"}
CALLED = {"deadline_seconds": {"deadline"}, "params": {"param"}, "mode": {"missing", "everything"}}
TAKEN: dict[str, Any] = {
    "run": RunOptionsBody,
    "backfill": NewBackfill,
    "resume": Resume,
    "schedule add": ScheduleOptions,
    "schedule edit": ScheduleOptions,
}


@pytest.mark.parametrize("words", TAKEN)
def test_each_option_that_the_api_takes_is_an_option_of_the_command(words: str) -> None:
    command: Any = loaded()
    for word in words.split():
        command = command.commands[word]
    for field in TAKEN[words].model_fields:
        wanted = {**INSIDE, **CALLED}.get(field, {field})
        assert wanted <= {one.name for one in command.params}, field
