"""The OpenAPI document tells of refusals as they are sent."""

from __future__ import annotations

from docs.generate.routes import document, operations

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def test_every_refusal_is_told_as_a_problem_document() -> None:
    there = document()
    assert {"400", "422"}.isdisjoint(there["components"]["responses"])
    for answer in there["components"]["responses"].values():
        assert answer["content"] == PROBLEM
    for method, path, operation in operations(there):
        for status, answer in operation["responses"].items():
            if status >= "400" and path != "/readyz":
                assert answer["$ref"].startswith("#/components/responses/"), (method, path, status)
    assert "HTTPValidationError" not in there["components"]["schemas"]


def test_every_operation_with_a_token_tells_what_may_refuse_it() -> None:
    told = {
        (method, path): set(operation["responses"])
        for method, path, operation in operations(document())
        if "security" in operation
    }
    assert all(found >= {"401", "403", "422", "429", "503"} for found in told.values())
    assert told["GET", "/api/runs/{run_id}"] >= {"404"}
    assert told["POST", "/api/runs/{run_id}/cancel"] >= {"404", "409"}
    assert told["POST", "/api/item-lists"] >= {"413"}
    assert "404" not in told["GET", "/api/overview"]
