"""Events that another process sends, by the client that is installed there."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from pydantic import BaseModel

from sluice.client import (
    AskedItem,
    AsyncSluiceClient,
    CallRefused,
    NewEvent,
    SentEvent,
    SluiceClient,
)
from tests.client.test_absences import Losing
from tests.support.http import OPS, app_of, serving
from tests.support.patience import PATIENCE
from tests.support.service import Opener
from tests.workflows.events.heard import Hearing, starts

DATA = {"user": {"id": "u1"}}


class _User(BaseModel):
    id: str


class _Registered(BaseModel):
    user: _User


async def test_an_event_is_sent_and_its_answer_read(opener: Opener) -> None:
    async with (
        opener(Hearing()) as sluice,
        serving(app_of(sluice)) as url,
        AsyncSluiceClient(url, token=OPS, patience=PATIENCE) as client,
    ):
        at = datetime(2026, 1, 31, 5, tzinfo=UTC)
        sent = await client.send_event("user/registered", DATA, event_id="e1", at=at)
        assert sent == SentEvent(
            name="user/registered",
            id="e1",
            duplicate=False,
            unmatched=False,
            starts=[AskedItem(family="hearing", itemId="u1")],
        )
        again = await client.send_event(
            "user/registered", _Registered(user=_User(id="u1")), event_id="e1"
        )
        assert again.duplicate
        both = await client.send_events(
            [NewEvent(name="other"), NewEvent(name="user/registered", data=DATA)]
        )
        assert [one.unmatched for one in both] == [True, False]
        [row] = await sluice.sql("SELECT at FROM sluice.event WHERE event_id = 'e1'")
        assert row[0] == at
        with pytest.raises(CallRefused, match=r"user\.id"):
            await client.send_event("user/registered")
        with pytest.raises(ValueError, match="timezone"):
            await client.send_event("a", at=datetime(2026, 1, 31))  # noqa: DTZ001 - it is the point


async def test_one_whose_answer_gets_lost_is_sent_again_and_counts_once(opener: Opener) -> None:
    network = Losing()
    async with (
        opener(Hearing()) as sluice,
        serving(app_of(sluice)) as url,
        AsyncSluiceClient(url, token=OPS, patience=PATIENCE, transport=network) as client,
    ):
        sent = await client.send_event("user/registered", DATA)
        assert sent.id.startswith("evt_")
        assert len(network.keys) == 2
        assert len(set(network.keys)) == 1
        assert [one["events"] for one in await starts(sluice)] == [1]


async def test_without_async_it_is_the_same(opener: Opener) -> None:
    def send(url: str) -> list[SentEvent]:
        with SluiceClient(url, token=OPS, patience=PATIENCE) as client:
            one = client.send_event("user/registered", DATA)
            return [one, *client.send_events([NewEvent(name="other")])]

    async with opener(Hearing()) as sluice, serving(app_of(sluice)) as url:
        found = await asyncio.to_thread(send, url)
    assert [one.name for one in found] == ["user/registered", "other"]
