"""A parameter of a query that a route does not know is refused: what it was meant to ask for would
be left out of the answer, and nobody told."""

from __future__ import annotations

import re

import pytest

from tests.api.auth.test_access import every_route
from tests.support.families import Recording
from tests.support.http import api, app_of, assert_problem, fields
from tests.support.service import Opener

OF_OTHERS = re.compile(
    r"/|/healthz|/readyz|/openapi.json|/console.*|/answer/{token}|/api/webhooks/{source}"
    r"|/api/qstash/tick|/api/(workflows|cron)/{family}.*|/api/workflows/{family}/{_}|/{_}"
)
"""Called by other systems, or there to say that there is no such route."""

MEANT = [
    ("GET", "/api/runs?statsu=failed", "statsu", "did you mean status?"),
    ("GET", "/api/runs?started_by=ops", "started_by", "did you mean startedBy?"),
    ("GET", "/api/runs?STATUS=failed", "STATUS", "did you mean status?"),
    ("GET", "/api/runs/run_x/items?state=failed", "state", "did you mean status?"),
    ("GET", "/api/audit?form=csv", "form", "did you mean "),
    (
        "GET",
        "/api/runs?foo=1",
        "foo",
        "foo: there is no such query parameter: this route takes family, status, startedBy, ",
    ),
    (
        "GET",
        "/api/runs?=1",
        "query",
        "it has a parameter without a name: this route takes family, ",
    ),
    ("GET", "/api/schedules?xyz=1", "xyz", "this route takes family, limit, cursor"),
    ("POST", "/api/cron/recording?when=now", "when", "this route takes fireTime"),
    ("GET", "/api/overview?limit=5", "limit", "this route takes none"),
    ("POST", "/api/runs/run_x/pause?note=why", "note", "this route takes none"),
    ("POST", "/api/cron/recording?firetime=2026-01-01T00:00Z", "firetime", "mean fireTime?"),
    ("DELETE", "/api/flow-control/recording.execute?nota=why", "nota", "did you mean note?"),
    ("GET", "/api/runs?limit", "limit", ""),  # known, and empty
    ("GET", "/api/runs?limit=1&limit=2", "limit", "it is there 2 times: name it once"),
    ("GET", "/api/runs?limit=1&limit=1", "limit", "it is there 2 times: name it once"),
    ("GET", "/api/runs/run_x/item?id=a&id=b", "id", "it is there 2 times: name it once"),
    (
        "POST",
        "/api/workflows/recording/process-users?wait=1&wait=2",
        "wait",
        "it is there 2 times: name it once",
    ),
]


async def test_an_unknown_parameter_is_told_which_one_was_meant(
    opener: Opener, subtests: pytest.Subtests
) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        for method, address, name, meant in MEANT:
            with subtests.test(address=address):
                document = assert_problem(await caller.request(method, address), 422)
                assert fields(document) == [name]
                assert meant in document["detail"]


async def test_several_are_all_named_and_a_long_one_is_cut(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        answer = await caller.get("/api/runs", params={"stat": "x", "x" * 5_000: "y", "limit": "1"})
        assert fields(assert_problem(answer, 422)) == ["stat", "x" * 100 + "…"]
        assert len(answer.text) < 1_500


async def test_every_route_of_ours_refuses_what_it_does_not_know_and_those_for_others_do_not(
    opener: Opener, subtests: pytest.Subtests
) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        routes = every_route(app_of(sluice))
        refusing = 0
        for method, path in sorted(routes):
            with subtests.test(method=method, path=path):
                there = re.sub(r"{\w+}", "x", path)
                answer = await caller.request(method, f"{there}?unheardOf=1")
                if OF_OTHERS.fullmatch(path) or method == "HEAD":
                    assert "unheardOf" not in answer.text
                    continue
                refusing += 1
                assert fields(assert_problem(answer, 422)) == ["unheardOf"]
        assert refusing > 70
