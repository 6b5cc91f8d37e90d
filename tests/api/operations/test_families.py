"""What the API tells about its families, in its own list and in the OpenAPI document."""

from __future__ import annotations

import json
from typing import Any

from pydantic import Field

from app.workflows.family import After, Entity, FamilyParams
from tests.support.families import Recording, Welcoming
from tests.support.http import api
from tests.support.service import Opener


class Wanted(FamilyParams):
    sales_region: str = Field(description="where to look")
    max_age: int = 30


class Orders(Recording):
    """Ship every order that waits."""

    name = "ship-orders"
    entity = Entity("sales-order", "sales-orders")
    verb = "ship"
    params = Wanted


async def test_every_family_is_listed_with_its_routes_and_its_own_params(opener: Opener) -> None:
    async with opener(Welcoming(), Orders()) as sluice, api(sluice) as caller:
        answer = (await caller.get("/api/families")).json()
        assert answer["success"] is True
        orders, welcome = answer["families"]
        assert orders["name"] == "ship-orders"
        assert orders["description"] == "Ship every order that waits."
        assert set(orders["params"]["properties"]) == {"salesRegion", "maxAge"}
        assert orders["params"]["required"] == ["salesRegion"]
        assert orders["routes"] == {
            "process": "/api/workflows/ship-orders/process-sales-orders",
            "paginate": "/api/workflows/ship-orders/paginate-sales-orders",
            "execute": "/api/workflows/ship-orders/ship-sales-order",
            "sample": "/api/workflows/ship-orders/sample-sales-orders",
        }
        assert welcome["name"] == "welcome-placeholder"
        assert set(welcome["params"]["properties"]) == {"paidOnly"}
        execute = next(f for f in welcome["flow"] if f["key"] == "welcome-placeholder.execute")
        assert execute == {
            "key": "welcome-placeholder.execute",
            "parallelism": 10,
            "rate": 100,
            "periodSeconds": 1,
        }


class Region(FamilyParams):
    only_region: str = "eu"


class Bills(Recording):
    name = "bill-orders"
    params = Region
    after = After("ship-orders", params={"only_region": "sales_region"})


async def test_a_family_says_after_which_it_comes_and_what_it_takes_from_it(opener: Opener) -> None:
    async with opener(Orders(), Bills()) as sluice, api(sluice) as caller:
        bills, orders = (await caller.get("/api/families")).json()["families"]
    assert bills["after"] == [{"family": "ship-orders", "params": {"onlyRegion": "salesRegion"}}]
    assert orders["after"] == []


async def test_every_listed_route_is_there(opener: Opener) -> None:
    async with opener(Welcoming(), Orders()) as sluice, api(sluice) as caller:
        for family in (await caller.get("/api/families")).json()["families"]:
            for path in family["routes"].values():
                assert (await caller.post(path, json=[])).status_code == 422, path


def _resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:  # JSON schemas
    while "$ref" in schema or "allOf" in schema:
        reference = schema.get("$ref") or schema["allOf"][0]["$ref"]
        schema = document["components"]["schemas"][reference.rpartition("/")[2]]
    return schema


async def test_the_openapi_document_shows_each_familys_own_params(opener: Opener) -> None:
    async with opener(Welcoming(), Orders()) as sluice, api(sluice) as caller:
        document = (await caller.get("/openapi.json")).json()

        def body(path: str) -> dict[str, Any]:  # a JSON schema
            request = document["paths"][path]["post"]["requestBody"]
            return _resolved(document, request["content"]["application/json"]["schema"])

        process = body("/api/workflows/ship-orders/process-sales-orders")
        options = {"budget", "canary", "autoPromote", "ramp", "deadlineSeconds"}
        options |= {"maxFailureRate", "minItems", "approval", "attempts", "priority"}
        own = {"dryRun", "force", "limit", "itemIds", "itemList", "params"}
        assert set(process["properties"]) == own | options
        assert process["required"] == ["params"]
        assert process["additionalProperties"] is False
        params = _resolved(document, process["properties"]["params"])
        assert set(params["properties"]) == {"salesRegion", "maxAge"}
        execute = body("/api/workflows/ship-orders/ship-sales-order")
        assert {"salesOrderId", "params"} <= set(execute["properties"])
        welcome = body("/api/workflows/welcome-placeholder/process-users")
        shown = _resolved(document, welcome["properties"]["params"])
        assert set(shown["properties"]) == {"paidOnly"}
        assert "required" not in welcome
        operations = [
            operation["operationId"]
            for path in document["paths"].values()
            for operation in path.values()
        ]
        assert len(operations) == len(set(operations))
        assert "bearer" in json.dumps(document["components"]["securitySchemes"]).lower()
