"""Bad input is refused at the door, with the field's name, before anything is written."""

from __future__ import annotations

import httpx2
import pytest
from structlog.testing import capture_logs

from app.workflows.family import Entity, FamilyParams
from app.workflows.keys import MAX_ITEM_ID
from tests.support.families import Recording, Welcoming
from tests.support.http import api, assert_problem, fields, traces
from tests.support.service import Opener

BASE = "/api/workflows/welcome-placeholder"
PROCESS = f"{BASE}/process-users"
PAGINATE = f"{BASE}/paginate-users"
EXECUTE = f"{BASE}/generate-user"
JSON = {"Content-Type": "application/json"}

TOO_LONG = "x" * (MAX_ITEM_ID + 1)
TOO_MANY = [f"u{n}" for n in range(1_001)]

BAD_BODIES: list[tuple[str, dict[str, object], str]] = [
    (PROCESS, {"dryrun": True}, "dryrun"),
    (PROCESS, {"tenant": "x"}, "tenant"),
    (PROCESS, {"params": {"payedOnly": True}}, "params.payedOnly"),
    (PROCESS, {"paidOnly": True}, "paidOnly"),
    (PROCESS, {"params": {"paidOnly": "perhaps"}}, "params.paidOnly"),
    (PROCESS, {"params": []}, "params"),
    (PROCESS, {"params": None}, "params"),
    (PROCESS, {"dryRun": "perhaps"}, "dryRun"),
    (PROCESS, {"dryRun": None}, "dryRun"),
    (PROCESS, {"force": {}}, "force"),
    (PROCESS, {"limit": 0}, "limit"),
    (PROCESS, {"limit": -1}, "limit"),
    (PROCESS, {"limit": 1.5}, "limit"),
    (PROCESS, {"limit": "many"}, "limit"),
    (PROCESS, {"limit": 2**31}, "limit"),
    (PROCESS, {"itemIds": []}, "itemIds"),
    (PROCESS, {"itemIds": "u1"}, "itemIds"),
    (PROCESS, {"itemIds": [1.5]}, "itemIds.0"),
    (PROCESS, {"itemIds": [True]}, "itemIds.0"),
    (PROCESS, {"itemIds": ["u1", None]}, "itemIds.1"),
    (PROCESS, {"itemIds": ["u1", ""]}, "itemIds.1"),
    (PROCESS, {"itemIds": ["u1", TOO_LONG]}, "itemIds.1"),
    (PROCESS, {"itemIds": ["u1", "u\0"]}, "itemIds.1"),
    (PROCESS, {"itemIds": TOO_MANY}, "itemIds"),
    (PAGINATE, {}, "runId"),
    (PAGINATE, {"runId": ""}, "runId"),
    (PAGINATE, {"runId": "x" * 101}, "runId"),
    (PAGINATE, {"runId": 7}, "runId"),
    (PAGINATE, {"runId": "run_x", "page": 2}, "page"),
    (PAGINATE, {"runId": "run_x", "cursor": "x" * 5_000}, "cursor"),
    (PAGINATE, {"runId": "run_x", "cursor": "garbage"}, "cursor"),
    (PAGINATE, {"runId": "run_x", "cursor": ""}, "cursor"),
    (PAGINATE, {"runId": "run_x", "cursor": "x", "itemIds": ["u1"]}, "cursor"),
    (PAGINATE, {"runId": "run_x", "itemIds": []}, "itemIds"),
    (PAGINATE, {"runId": "run_x", "itemIds": TOO_MANY}, "itemIds"),
    (PAGINATE, {"runId": "run_x", "itemIds": [TOO_LONG]}, "itemIds.0"),
    (EXECUTE, {}, "userId"),
    (EXECUTE, {"userId": ""}, "userId"),
    (EXECUTE, {"userId": None}, "userId"),
    (EXECUTE, {"userId": TOO_LONG}, "userId"),
    (EXECUTE, {"userId": "u\0"}, "userId"),
    (EXECUTE, {"userId": "u1", "dryRun": "perhaps"}, "dryRun"),
    (EXECUTE, {"userId": "u1", "limit": 1}, "limit"),
    (EXECUTE, {"userId": "u1", "runId": ""}, "runId"),
    (EXECUTE, {"userId": "u1", "params": {"payedOnly": True}}, "params.payedOnly"),
]


PINNED = "/api/flow-control/welcome-placeholder.execute"
NULLS: list[tuple[str, str, dict[str, object], str, str]] = [
    ("PUT", PINNED, {"rate": 5, "periodSeconds": None}, "periodSeconds", "must be a number"),
    ("POST", PROCESS, {"dryRun": None}, "dryRun", "must be true or false"),
    ("POST", PROCESS, {"params": None}, "params", "must be an object"),
    ("POST", PROCESS, {"ramp": {"start": 1, "factor": None}}, "ramp.factor", "must be a number"),
    ("POST", "/api/runs/run_x/resume", {"minItems": None}, "minItems", "must be an integer"),
    ("POST", "/api/runs/run_x/retry", {"status": None}, "status", "must be a list"),
]


async def test_null_for_what_may_be_left_out_is_told_so(
    opener: Opener, subtests: pytest.Subtests
) -> None:
    async with opener(Welcoming()) as sluice, api(sluice) as caller:
        for method, path, body, field, wrong in NULLS:
            with subtests.test(path=path, field=field):
                document = assert_problem(await caller.request(method, path, json=body), 422)
                told = f"{wrong}, and not null: it may be left out"
                assert document["errors"] == [{"field": field, "message": told}]
        for named in ({"userId": None}, {"userId": 1.5}):
            document = assert_problem(await caller.post(EXECUTE, json=named), 422)
            assert document["errors"] == [{"field": "userId", "message": "must be a string"}]


async def test_a_body_that_cannot_be_used_is_refused_and_leaves_no_trace(
    opener: Opener, subtests: pytest.Subtests
) -> None:
    async with opener(Welcoming()) as sluice, api(sluice) as caller:
        for path, body, field in BAD_BODIES:
            with subtests.test(path=path, body=str(body)[:80]):
                document = assert_problem(await caller.post(path, json=body), 422)
                assert field in fields(document)
                assert await traces(sluice) == (0, 0, 0)


NO_OBJECTS = ["[]", '"{}"', "7", "null", "", "{", "{'a': 1}", '{"limit": NaN}', '{"\\ud800": 1}']


async def test_what_is_not_a_json_object_is_refused_and_leaves_no_trace(
    opener: Opener, subtests: pytest.Subtests
) -> None:
    async with opener(Welcoming()) as sluice, api(sluice) as caller:
        for path in (PROCESS, PAGINATE, EXECUTE):
            for content in NO_OBJECTS:
                with subtests.test(path=path, content=content):
                    response = await caller.post(path, content=content, headers=JSON)
                    assert fields(assert_problem(response, 422))
        assert await traces(sluice) == (0, 0, 0)


async def test_a_call_without_a_body_asks_for_what_an_empty_object_asks(opener: Opener) -> None:
    async with opener(Welcoming()) as sluice, api(sluice) as caller:
        key = {"Idempotency-Key": "once"}
        first = await caller.post(PROCESS, headers=key)
        again = await caller.post(PROCESS, json={}, headers=key)
        assert (first.status_code, again.status_code) == (202, 200)
        assert first.json() == again.json()
        run_id = first.json()["runId"]
        for action in ("pause", "resume", "cancel"):
            answer = await caller.post(f"/api/runs/{run_id}/{action}")
            assert answer.status_code == 200, answer.text


class Needy(FamilyParams):
    tenant: str


async def test_a_call_without_a_body_is_told_which_params_it_lacks(opener: Opener) -> None:
    family = Recording()
    family.params = Needy  # type: ignore[misc]  # of this one
    async with opener(family) as sluice, api(sluice) as caller:
        response = await caller.post("/api/workflows/recording/process-users")
        assert fields(assert_problem(response, 422)) == ["params"]
        assert await traces(sluice) == (0, 0, 0)


async def test_content_that_is_no_json_is_refused_whatever_it_says_it_is(
    opener: Opener, subtests: pytest.Subtests
) -> None:
    async with opener(Welcoming()) as sluice, api(sluice) as caller:
        for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml"):
            for content in ("", "{}", "limit=3"):
                with subtests.test(kind=kind, content=content):
                    response = await caller.post(
                        PROCESS, content=content, headers={"Content-Type": kind}
                    )
                    assert fields(assert_problem(response, 422)) == ["body"]
        document = assert_problem(await caller.post(PROCESS, content="{}"), 422)
        assert "Content-Type: application/json" in document["detail"]
        assert await traces(sluice) == (0, 0, 0)


NO_JSON = [b"\xff\xfe{", b"[" * 100_000, b'{"limit": ' + b"9" * 5_000 + b"}"]


async def test_bytes_that_no_json_parser_takes_are_the_callers_mistake(
    opener: Opener, subtests: pytest.Subtests
) -> None:
    async with opener(Welcoming()) as sluice, api(sluice) as caller:
        for content in NO_JSON:
            with subtests.test(content=content[:12]):
                response = await caller.post(PROCESS, content=content, headers=JSON)
                assert 400 <= response.status_code < 500
                assert_problem(response, response.status_code)
        assert await traces(sluice) == (0, 0, 0)


async def test_invalid_json_names_the_body_and_where_it_breaks(opener: Opener) -> None:
    async with opener(Welcoming()) as sluice, api(sluice) as caller:
        response = await caller.post(PROCESS, content='{"dryRun": tru}', headers=JSON)
        document = assert_problem(response, 422)
        assert fields(document)[0].startswith("body")
        assert document["detail"] == "body, character 11: it is no JSON: Expecting value"


BENT: list[dict[str, object]] = [
    {"limit": True},
    {"limit": "5"},
    {"dryRun": "yes"},
    {"dryRun": 1},
    {"force": "on"},
]


async def test_a_value_of_another_type_is_not_bent_into_shape(opener: Opener) -> None:
    async with opener(Welcoming()) as sluice, api(sluice) as caller:
        answers = {str(body): (await caller.post(PROCESS, json=body)).status_code for body in BENT}
        assert answers == dict.fromkeys(answers, 422)
        assert await traces(sluice) == (0, 0, 0)


async def test_every_fault_of_a_body_is_named(opener: Opener) -> None:
    async with opener(Welcoming()) as sluice, api(sluice) as caller:
        body = {"limit": 0, "itemIds": [], "extra": 1, "params": {"paidOnly": "perhaps"}}
        document = assert_problem(await caller.post(PROCESS, json=body), 422)
        assert set(fields(document)) == {"limit", "itemIds", "extra", "params.paidOnly"}


async def test_a_fault_is_told_without_what_was_sent(opener: Opener) -> None:
    async with opener(Welcoming()) as sluice, api(sluice) as caller:
        response = await caller.post(PROCESS, json={"limit": "hunter2-hunter2"})
        assert "hunter2" not in response.text


async def test_an_id_of_the_longest_length_and_the_most_ids_are_accepted(opener: Opener) -> None:
    async with opener(Welcoming()) as sluice, api(sluice) as caller:
        body = {"itemIds": [str(n).rjust(MAX_ITEM_ID, "x") for n in range(1_000)]}
        assert (await caller.post(PROCESS, json=body)).status_code == 202


async def test_an_unknown_family_is_told_which_there_are(opener: Opener) -> None:
    async with opener(Welcoming(), Recording()) as sluice, api(sluice) as caller:
        response = await caller.post("/api/workflows/welcome/process-users", json={})
        document = assert_problem(response, 404)
        assert "'welcome'" in document["detail"]
        assert "recording, welcome-placeholder" in document["detail"]
        assert await traces(sluice) == (0, 0, 0)


async def test_an_unknown_route_of_a_family_is_told_where_its_routes_are_listed(
    opener: Opener,
) -> None:
    async with opener(Welcoming()) as sluice, api(sluice) as caller:
        unknown = [("POST", "process-agents"), ("POST", "execute-user"), ("GET", "none")]
        for method, route in [*unknown, ("POST", "")]:
            document = assert_problem(await caller.request(method, f"{BASE}/{route}"), 404)
            assert "welcome-placeholder has no such route" in document["detail"]
            assert "/api/families" in document["detail"]


async def test_a_route_of_a_family_with_a_wrong_method_is_told_which_it_takes(
    opener: Opener,
) -> None:
    async with opener(Welcoming()) as sluice, api(sluice) as caller:
        response = await caller.get(PROCESS)
        assert "takes POST" in assert_problem(response, 405)["detail"]
        assert response.headers["allow"] == "POST"


async def test_an_unknown_path_and_a_wrong_method_are_problem_documents(opener: Opener) -> None:
    async with opener(Welcoming()) as sluice, api(sluice) as caller:
        assert_problem(await caller.get("/nowhere"), 404)
        response = await caller.delete("/api/runs")
        assert_problem(response, 405)
        assert response.headers["allow"] == "GET, HEAD"


async def _unknown_run(caller: httpx2.AsyncClient) -> list[httpx2.Response]:
    return [
        await caller.get("/api/runs/run_unknown"),
        await caller.get("/api/runs/run_unknown/items"),
        await caller.post(PAGINATE, json={"runId": "run_unknown"}),
        await caller.post(PAGINATE, json={"runId": "run_unknown", "itemIds": ["u1"]}),
        await caller.post(EXECUTE, json={"runId": "run_unknown", "userId": "u1"}),
    ]


async def test_an_unknown_run_is_not_found_wherever_it_is_named(opener: Opener) -> None:
    async with opener(Welcoming()) as sluice, api(sluice) as caller:
        for response in await _unknown_run(caller):
            document = assert_problem(response, 404)
            assert "run_unknown" in document["detail"]
            assert fields(document) == ["runId"]
        assert await traces(sluice) == (0, 0, 0)


WITH_NUL: list[tuple[str, str, dict[str, str] | None]] = [
    ("GET", "/api/runs/run%00", None),
    ("GET", "/api/runs/run%00/items", None),
    ("GET", "/api/runs?family=%00", None),
    ("GET", "/api/runs?startedBy=%00", None),
    ("POST", PAGINATE, {"runId": "run\0"}),
    ("POST", EXECUTE, {"userId": "u1", "runId": "run\0"}),
]


async def test_a_character_that_postgres_does_not_store_is_the_callers_mistake(
    opener: Opener,
) -> None:
    async with opener(Welcoming()) as sluice, api(sluice) as caller:
        with capture_logs():
            answers = [await caller.request(m, path, json=body) for m, path, body in WITH_NUL]
        assert {answer.status_code for answer in answers} <= {404, 422}
        assert await traces(sluice) == (0, 0, 0)


class Named(FamilyParams):
    label: str


class WithRequiredParams(Recording):
    """Needs a label."""

    name = "with-required-params"
    entity = Entity("sales-order", "sales-orders")
    verb = "ship"
    params = Named


async def test_a_family_with_a_required_param_cannot_be_started_without_it(opener: Opener) -> None:
    async with opener(WithRequiredParams()) as sluice, api(sluice) as caller:
        path = "/api/workflows/with-required-params/process-sales-orders"
        assert fields(assert_problem(await caller.post(path, json={}), 422)) == ["params"]
        response = await caller.post(path, json={"params": {}})
        assert fields(assert_problem(response, 422)) == ["params.label"]
        assert await traces(sluice) == (0, 0, 0)
        started = await caller.post(path, json={"params": {"label": "blue"}})
        assert (await sluice.run(started.json()["runId"])).params == {"label": "blue"}


async def test_the_name_of_the_id_follows_the_entity(opener: Opener) -> None:
    async with opener(WithRequiredParams()) as sluice, api(sluice) as caller:
        path = "/api/workflows/with-required-params/ship-sales-order"
        document = assert_problem(await caller.post(path, json={"params": {"label": "x"}}), 422)
        assert fields(document) == ["salesOrderId"]
        body = {"salesOrderId": "o1", "params": {"label": "x"}}
        assert (await caller.post(path, json=body)).status_code == 202


async def test_a_param_that_postgres_does_not_store_is_the_callers_mistake(opener: Opener) -> None:
    async with opener(WithRequiredParams()) as sluice, api(sluice) as caller:
        path = "/api/workflows/with-required-params/process-sales-orders"
        with capture_logs():
            response = await caller.post(path, json={"params": {"label": "a\0b"}})
        assert_problem(response, 422)
        assert await traces(sluice) == (0, 0, 0)
