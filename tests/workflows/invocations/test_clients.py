"""An entity handed over by code: within the service, and from another process."""

from __future__ import annotations

import asyncio
from typing import assert_type

import pytest

from app.errors import BadInput, Conflict
from app.workflows.contract.run_options import RunOptions
from app.workflows.runs.handle import RunHandle
from sluice.client import AsyncRun, CallRefused, SluiceClient
from tests.client.test_over_http import calling
from tests.support.families import Recording
from tests.support.http import OPS, app_of, serving, traces
from tests.support.patience import PATIENCE
from tests.support.service import Opener
from tests.workflows.invocations.postcards import Postcard, Postcards, Style
from tests.workflows.invocations.test_invocation import CARD

ADA = Postcard(to_whom="Ada", copies=2)


async def test_code_of_the_service_hands_its_own_type_over(opener: Opener) -> None:
    family = Postcards()
    async with opener(family, Recording()) as sluice, sluice.worker():
        cards = sluice.service.client.of(Postcards)
        run = await cards.invoke(ADA, Style(tone="dry"), idempotency_key="one")
        assert_type(run, RunHandle[str])
        ended = await run.result(timeout=PATIENCE)
        assert (ended.succeeded, ended.started_by) == (1, "code")
        assert [item.result async for item in run.items()] == ["dry words to Ada, 2 times"]
        assert [chunk.data async for chunk in run.stream()] == []
        again = await cards.invoke(ADA, tone="dry", idempotency_key="one")
        assert (again.id, again.item_id) == (run.id, run.item_id)
        with pytest.raises(BadInput, match="used for another call"):
            await cards.invoke(Postcard(to_whom="Bob"), tone="dry", idempotency_key="one")
        options = RunOptions(attempts=1)
        assert (await cards.invoke(ADA, options=options)).id != run.id
        seen = await cards.preview(ADA, tone="kind")
        assert (seen.result, seen.overwrites) == ("kind words to Ada, 2 times", False)
        assert not family.saved


async def test_code_that_hands_over_what_its_family_does_not_take_is_told(opener: Opener) -> None:
    async with opener(Postcards(), Recording()) as sluice:
        client = sluice.service.client
        with pytest.raises(BadInput, match="takes an entity as Postcard, and not as Style"):
            await client.of(Postcards).invoke(Style())  # type: ignore[arg-type]  # the point
        with pytest.raises(BadInput, match="let Recording say what it takes"):
            await client.of(Recording).invoke("Ada")
        with pytest.raises(BadInput, match="let Recording say what it takes"):
            await client.of("recording").preview(ADA)
        with pytest.raises(BadInput, match="has no param 'copies'"):
            await client.of(Postcards).invoke(ADA, copies=3)
        run = await client.of(Postcards).invoke(ADA)
        with pytest.raises(Conflict, match="takes no other items"):
            await client.of(Postcards).trigger_items(run.id, ["u1"])
        assert await traces(sluice) == (1, 0, 1)


async def test_another_process_hands_it_over_as_a_model_or_a_mapping(opener: Opener) -> None:
    async with (
        opener(Postcards(), Recording()) as sluice,
        sluice.worker(),
        calling(sluice) as client,
    ):
        cards = client.of("postcard", result=str)
        run = await cards.invoke(ADA, tone="dry", options={"attempts": 1}, idempotency_key="one")
        assert_type(run, AsyncRun[str])
        ended = await run.result(timeout=PATIENCE)
        assert ended.entity is not None
        assert (ended.entity["toWhom"], ended.to_process) == ("Ada", 1)
        assert [item.result async for item in run.items()] == ["dry words to Ada, 2 times"]
        assert [chunk.data async for chunk in run.stream()] == []
        same = await cards.invoke(
            {"toWhom": "Ada", "copies": 2},
            {"tone": "dry"},
            options={"attempts": 1},
            idempotency_key="one",
        )
        assert same.id == run.id
        assert (await cards.preview(CARD)).result == "kind words to Ada, 2 times"
        with pytest.raises(CallRefused, match=r"entity\.copies") as caught:
            await cards.invoke(CARD | {"copies": 9})
        assert caught.value.status == 422
        with pytest.raises(CallRefused, match="takes no entity of its caller's"):
            await client.of("recording").invoke(CARD)


async def test_code_that_is_not_async_hands_it_over_too(opener: Opener) -> None:
    def calls(url: str) -> list[str | None]:
        with SluiceClient(url, token=OPS, patience=PATIENCE) as client:
            cards = client.of("postcard", result=str)
            run = cards.invoke(CARD, tone="dry")
            run.result(timeout=PATIENCE)
            return [*(item.result for item in run.items()), cards.preview(CARD).result]

    async with opener(Postcards()) as sluice, sluice.worker(), serving(app_of(sluice)) as url:
        found = await asyncio.to_thread(calls, url)
    assert found == ["dry words to Ada, 2 times", "kind words to Ada, 2 times"]
