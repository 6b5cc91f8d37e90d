"""Who gets in, and how much they may send."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterable

import pytest
from fastapi import FastAPI
from starlette.routing import BaseRoute, Route

from app.api.admission.body_size import LARGEST_BODY
from tests.support.families import Beside, Recording
from tests.support.http import (
    CRON,
    OPS,
    api,
    assert_problem,
    bearer,
    listening,
    traces,
)
from tests.support.patience import PATIENCE
from tests.support.service import Opener

PROCESS = "/api/workflows/recording/process-users"
PAGINATE = "/api/workflows/recording/paginate-users"
EXECUTE = "/api/workflows/recording/record-user"
JSON = {"Content-Type": "application/json"}


def _routes(routes: Iterable[BaseRoute]) -> Iterable[tuple[str, str]]:
    for route in routes:
        included = getattr(route, "original_router", None)  # FastAPI's, for an included router
        if included is not None:
            yield from _routes(included.routes)
        elif isinstance(route, Route):
            for method in route.methods or ():
                yield method, re.sub(r":\w+}", "}", route.path)  # as the document writes it


def every_route(app: FastAPI) -> set[tuple[str, str]]:
    """Method and path of every route, also of those that the OpenAPI document leaves out."""
    documented = {
        (method.upper(), path)
        for path, methods in app.openapi()["paths"].items()
        for method in methods
    }
    walked = set(_routes(app.routes))
    assert documented <= walked
    return walked


async def _chunks(number: int, size: int = 100_000) -> AsyncIterator[bytes]:
    for _ in range(number):
        yield b" " * size


async def test_a_caller_without_a_token_gets_a_problem_document(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice, secret=None) as caller:
        document = assert_problem(await caller.get("/api/runs"), 401)
        assert document["detail"] == (  # and nothing of it was taken for a secret
            "This call needs a token: the secret of one of SLUICE_TOKENS, behind the word Bearer in"
            " the header Authorization."
        )


async def test_a_path_that_is_not_there_is_refused_at_the_door_too(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice, secret=None) as caller:
        for path in ("/nowhere", "/healthz/", "/healthz/../api/runs", "/readyz/x"):
            assert_problem(await caller.get(path), 401)


REFUSED = [
    f"Bearer {OPS}x",
    f"Bearer {OPS[:-1]}",
    f"Bearer {OPS.upper()}",
    "Bearer ops",
    f"Bearer ops:{OPS}",
    f"Basic {OPS}",
    f"{OPS}",
    "Bearer",
    "Bearer ",
    "",
    "Bearer \N{LATIN SMALL LETTER U WITH DIAERESIS}",
]


async def test_anything_but_a_known_token_is_refused(
    opener: Opener, subtests: pytest.Subtests
) -> None:
    async with opener(Recording()) as sluice, api(sluice, secret=None) as caller:
        for header in REFUSED:
            with subtests.test(header=header):
                response = await caller.post(
                    PROCESS, json={}, headers=[(b"Authorization", header.encode())]
                )
                assert_problem(response, 401)
                assert response.headers["www-authenticate"] == "Bearer"
        assert await traces(sluice) == (0, 0, 0)


async def test_the_scheme_of_a_token_may_be_written_in_any_case(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice, secret=None) as caller:
        response = await caller.get("/api/runs", headers={"Authorization": f"bEARER {OPS}"})
        assert response.status_code == 200


async def test_a_run_remembers_the_name_of_the_token_that_started_it(opener: Opener) -> None:
    async with opener(Beside()) as sluice, api(sluice) as caller:
        for path, body in ((PROCESS, {}), (EXECUTE, {"userId": "u1"})):
            for name, secret in (("ops", OPS), ("cron", CRON)):
                started = await caller.post(path, json=body, headers=bearer(secret))
                run_id = started.json()["runId"]
                answer = await caller.get(f"/api/runs/{run_id}")
                assert answer.json()["run"]["startedBy"] == name


async def test_no_answer_shows_a_secret(opener: Opener) -> None:
    wrong = "a-secret-that-was-mistyped"
    async with opener(Recording()) as sluice, api(sluice) as caller:
        run_id = (await caller.post(PROCESS, json={})).json()["runId"]
        answers = [
            await caller.get("/openapi.json"),
            await caller.get("/api/families"),
            await caller.get("/readyz"),
            await caller.get("/api/runs"),
            await caller.get(f"/api/runs/{run_id}"),
            await caller.get("/api/runs/run_unknown"),
            await caller.post(PROCESS, json={"token": wrong}),
            await caller.post(PROCESS, content=wrong, headers=JSON),
            await caller.get("/api/runs", headers=bearer(wrong)),
        ]
        for answer in answers:
            shown = answer.text + json.dumps(dict(answer.headers))
            for secret in (OPS, CRON, wrong):
                assert secret not in shown, answer.url


async def test_a_body_whose_stated_length_is_too_large_is_refused_unread(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        body = b'{"itemIds": ["' + b"x" * LARGEST_BODY + b'"]}'
        for path in (PROCESS, PAGINATE, EXECUTE):
            assert_problem(await caller.post(path, content=body, headers=JSON), 413)
        assert await traces(sluice) == (0, 0, 0)


async def test_a_body_of_the_largest_size_is_read(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        body = b"{}".ljust(LARGEST_BODY)
        assert (await caller.post(PROCESS, content=body, headers=JSON)).status_code == 202
        assert_problem(await caller.post(PROCESS, content=body + b" ", headers=JSON), 413)


async def test_a_body_that_turns_out_too_large_is_refused_when_no_length_was_stated(
    opener: Opener,
) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        for path in (PROCESS, PAGINATE, EXECUTE):
            assert_problem(await caller.post(path, content=_chunks(11), headers=JSON), 413)
        assert await traces(sluice) == (0, 0, 0)


async def test_over_a_socket_a_chunked_body_that_is_too_large_is_refused(opener: Opener) -> None:
    async with opener(Recording()) as sluice, listening(sluice) as caller:
        response = await caller.post(PROCESS, content=_chunks(11), headers=JSON)
        assert "content-length" not in response.request.headers
        assert_problem(response, 413)
        assert await traces(sluice) == (0, 0, 0)


async def test_over_a_socket_a_chunked_body_that_fits_starts_a_run(opener: Opener) -> None:
    async def fits() -> AsyncIterator[bytes]:
        for part in (b'{"item', b'Ids": ["u1"', b"]}"):
            yield part

    async with opener(Recording()) as sluice, listening(sluice) as caller:
        response = await caller.post(PROCESS, content=fits(), headers=JSON)
        assert response.status_code == 202
        assert (await sluice.run(response.json()["runId"])).item_ids == ["u1"]


async def test_over_a_socket_nothing_is_read_of_a_caller_without_a_token(opener: Opener) -> None:
    async with opener(Recording()) as sluice, listening(sluice, secret=None) as caller:
        assert_problem(await caller.get("/api/runs"), 401)
        assert (await caller.get("/healthz")).status_code == 200


async def test_a_405_names_every_method_that_the_path_knows(opener: Opener) -> None:
    known = {
        "/": {"GET", "HEAD"},
        "/api/runs": {"GET", "HEAD"},
        "/api/session": {"GET", "HEAD", "POST", "DELETE"},
        "/api/schedules": {"GET", "HEAD", "POST"},
        "/api/schedules/x": {"GET", "HEAD", "PATCH", "DELETE"},
        "/api/flow-control/recording.execute": {"GET", "HEAD", "PUT", "DELETE"},
        "/healthz": {"GET", "HEAD"},
        PROCESS: {"POST"},
    }
    async with opener(Recording()) as sluice, api(sluice) as caller:
        for path, methods in known.items():
            for other in {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} - methods:
                answer = await caller.request(other, path)
                assert answer.status_code == 405, (other, path)
                allowed = {method.strip() for method in answer.headers["allow"].split(",")}
                assert allowed == methods, (other, path)


async def test_a_path_of_its_own_is_not_told_of_as_one_with_an_id(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        answer = await caller.options("/api/schedules/fire-times")
        assert answer.headers["allow"] == "GET, HEAD"


async def test_head_is_answered_as_get_is_without_the_body(opener: Opener) -> None:
    async with opener(Recording()) as sluice, listening(sluice) as caller:
        run_id = await sluice.start()
        known = ("/healthz", "/api/runs", f"/api/runs/{run_id}", "/openapi.json", "/console")
        for path in (*known, "/api/runs/none", "/api/nowhere"):
            got, head = await caller.get(path), await caller.head(path)
            assert head.content == b"" != got.content, path
            assert head.status_code == got.status_code, path
            differing = {name for name in got.headers if got.headers[name] != head.headers[name]}
            assert differing <= {"date"}, path
        async with listening(sluice, secret=None) as stranger:
            assert (await stranger.head("/api/runs")).status_code == 401


async def test_head_of_a_stream_leaves_nobody_who_follows(opener: Opener) -> None:
    async with opener(Recording()) as sluice:
        run_id = await sluice.start()
        # The server that is here waits at its end for every call that is under way.
        async with asyncio.timeout(PATIENCE), listening(sluice) as caller:
            stream = {"Accept": "text/event-stream"}
            head = await caller.head(f"/api/runs/{run_id}/events", headers=stream)
            assert head.headers["content-type"].startswith("text/event-stream")
            assert head.content == b""


async def test_a_slash_too_many_is_another_path(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice) as caller:
        for path in ("/api/runs/", f"{PROCESS}/"):
            assert_problem(await caller.get(path), 404)
