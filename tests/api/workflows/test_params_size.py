"""Params have a size: they are kept with every run, and read with every message of it."""

from __future__ import annotations

import json

import httpx2
import pytest
from pydantic import SecretStr

from app.workflows.family import FamilyParams
from tests.support.families import Recording
from tests.support.http import api, assert_problem, fields, traces
from tests.support.service import Opener

LIMIT = 2_000
WORKFLOWS = "/api/workflows/recording"


class Wordy(FamilyParams):
    text: str = ""
    password: SecretStr = SecretStr("")


class WordyFamily(Recording):
    params = Wordy


def assert_too_large(answer: httpx2.Response) -> None:
    document = assert_problem(answer, 422)
    assert fields(document) == ["params"]
    assert f"{LIMIT:,}" in document["detail"]
    assert "SLUICE_MAX_PARAMS_BYTES" in document["detail"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"{WORKFLOWS}/process-users", {"dryRun": True}),
        (f"{WORKFLOWS}/process-users", {}),
        (f"{WORKFLOWS}/record-user", {"userId": "u1", "dryRun": True}),
        (f"{WORKFLOWS}/record-user", {"userId": "u1"}),
        ("/api/cron/recording", {}),
        ("/api/schedules", {"family": "recording", "expression": "0 3 * * *"}),
    ],
)
async def test_larger_ones_are_refused_at_every_door(
    opener: Opener, path: str, body: dict[str, object]
) -> None:
    async with opener(WordyFamily(), max_params_bytes=LIMIT) as sluice, api(sluice) as caller:
        for params in ({"text": "x" * LIMIT}, {"password": "x" * LIMIT}):
            assert_too_large(await caller.post(path, json={**body, "params": params}))
        assert await traces(sluice) == (0, 0, 0)


async def test_coverage_is_not_counted_for_larger_ones(opener: Opener) -> None:
    async with opener(WordyFamily(), max_params_bytes=LIMIT) as sluice, api(sluice) as caller:
        asked = {"params": json.dumps({"text": "x" * LIMIT})}
        assert_too_large(await caller.get("/api/families/recording/coverage", params=asked))


async def test_those_that_fit_are_taken(opener: Opener) -> None:
    async with opener(WordyFamily(), max_params_bytes=LIMIT) as sluice, api(sluice) as caller:
        params = {"text": "x" * (LIMIT - 100)}
        answer = await caller.post(f"{WORKFLOWS}/process-users", json={"params": params})
        assert answer.status_code == 202


async def test_much_larger_ones_are_refused_before_anybody_looks_closer(opener: Opener) -> None:
    family = WordyFamily()
    async with opener(family) as sluice, api(sluice) as caller:
        body = {"dryRun": True, "params": {"unknown": [[]] * 20_000}}
        document = assert_problem(await caller.post(f"{WORKFLOWS}/process-users", json=body), 422)
        assert fields(document) == ["params"]
        assert "SLUICE_MAX_PARAMS_BYTES" in document["detail"]
