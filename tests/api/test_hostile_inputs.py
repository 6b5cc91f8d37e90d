"""Whatever is sent to any route is answered, and never with a 5xx: a refusal is a problem document.

The routes are those of the OpenAPI document, so that a new one is in here by itself.
"""

from __future__ import annotations

import asyncio
import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from app.api.problems import MEDIA_TYPE
from app.workflows.family import Context, Daily, Entity, FamilyEntity, FamilyParams
from tests.api.runs.test_suspended import Reviewed, suspended
from tests.support.families import Recording
from tests.support.http import api, app_of
from tests.support.network.hostile import Call, Hostile
from tests.support.patience import PATIENCE
from tests.support.service import Opener

SHOWN = 20
"""So many are shown."""


class ManyKinds(FamilyParams):
    """What a number or a text may become."""

    at: datetime | None = None
    day: date | None = None
    share: float = 1.0
    price: Decimal | None = None
    count: int = 0
    anything: Any = None
    label: str = ""


class Thing(ManyKinds, FamilyEntity):
    """The same, and handed over."""


class OfManyKinds(Recording):
    """Its params are of every kind, and so is the entity that it takes."""

    name = "of-many-kinds"
    entity = Entity("thing", "things")
    verb = "try"
    params = ManyKinds
    invokes = Thing
    partitions = Daily()


async def _fault(caller: httpx2.AsyncClient, call: Call) -> str | None:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in call.headers.items()]
    async with asyncio.timeout(PATIENCE):
        answer = await caller.request(call.method, call.path, content=call.content, headers=headers)
    if answer.status_code >= 500:
        return f"{answer.status_code} {call.what}"
    if answer.status_code >= 400:
        told = answer.json() if answer.headers.get("content-type") == MEDIA_TYPE else {}
        if told.get("status") != answer.status_code or not told.get("detail"):
            return f"{answer.status_code} without a problem document: {call.what}"
    return None


PARTS = 18
"""Each takes every eighteenth of all calls: processes share them, and each is as long as a test is
where a machine has much else to do. What must come in time is the answer to each call."""


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """OpenAPI's, from the first part on: to make it takes as long as a thousand calls."""
    return {}


@pytest.mark.parametrize("part", range(PARTS))
async def test_no_input_to_any_route_is_answered_by_a_5xx_or_without_a_problem_document(
    opener: Opener, document: dict[str, Any], part: int
) -> None:
    async def script(item: str, ctx: Context) -> object:
        return await ctx.suspend("told")

    async with opener(Reviewed(script), OfManyKinds()) as sluice, api(sluice) as caller:
        run_id = await suspended(sluice, caller)
        family = next(iter(sluice.service.families))
        known = {
            "run_id": run_id, "runId": run_id, "id": "u00001", "item_id": "u00001",
            "family": OfManyKinds.name, "key": f"{family}.execute", "expression": "0 3 * * *",
            "from": "2026-01-01", "to": "2026-01-03",
        }  # fmt: skip
        if not document:
            document.update(json.loads(json.dumps(app_of(sluice).openapi())))
        calls = list(Hostile(document, known).calls())
        own = calls[part::PARTS]
        found = [fault for call in own if (fault := await _fault(caller, call)) is not None]
    assert len(calls) > 50 * len(document["paths"])
    assert not found, f"{len(found)} of {len(own)}:\n" + "\n".join(found[:SHOWN])
