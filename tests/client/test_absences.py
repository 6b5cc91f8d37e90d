"""A client whose service is away for a while, or whose answers get lost on the way."""

from __future__ import annotations

import time

import httpx2
import pytest

from sluice.client import AsyncSluiceClient, CallRefused, NotReached
from tests.support.families import Beside
from tests.support.http import OPS, app_of, serving, traces
from tests.support.patience import PATIENCE
from tests.support.service import Opener


class Losing(httpx2.AsyncHTTPTransport):
    """A network on which the first answer to each path gets lost, once the service has done what
    it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.lost: list[str] = []
        self.keys: list[str | None] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        answer = await super().handle_async_request(request)
        if request.method == "POST":
            self.keys.append(request.headers.get("Idempotency-Key"))
        if request.url.path in self.lost:
            return answer
        self.lost.append(request.url.path)
        await answer.aclose()
        raise httpx2.ReadError("the connection is gone", request=request)


class Breaking(httpx2.AsyncBaseTransport):
    """A network that breaks each stream off after one event, and is then away twice."""

    def __init__(self) -> None:
        self.inner = httpx2.AsyncHTTPTransport()
        self.behind: list[str | None] = []
        self.away = 0

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if self.away:
            self.away -= 1
            raise httpx2.ConnectError("nobody", request=request)
        answer = await self.inner.handle_async_request(request)
        if request.headers["Accept"] != "text/event-stream" or answer.status_code != 200:
            return answer
        self.behind.append(request.headers.get("Last-Event-ID"))
        self.away = 2
        return httpx2.Response(200, headers=answer.headers, stream=_FirstEvent(answer))

    async def aclose(self) -> None:
        await self.inner.aclose()


class _FirstEvent(httpx2.AsyncByteStream):
    def __init__(self, answer: httpx2.Response) -> None:
        self._answer = answer

    async def __aiter__(self):  # type: ignore[no-untyped-def]  # as httpx2 asks
        told = b""
        async for part in self._answer.aiter_raw():
            told += part
            before, named, behind = told.partition(b"id: ")
            number, blank, _ = behind.partition(b"\n\n")
            if blank:
                yield before + named + number + blank
                raise httpx2.ReadError("the connection is gone")

    async def aclose(self) -> None:
        await self._answer.aclose()


async def test_a_start_whose_answer_gets_lost_is_made_again_and_starts_one_run(
    opener: Opener,
) -> None:
    async with opener(Beside()) as sluice, serving(app_of(sluice)) as url:
        network = Losing()
        async with AsyncSluiceClient(url, token=OPS, transport=network) as client:
            family = client.of("recording")
            first = await family.trigger_process()
            assert (await traces(sluice))[0] == 1
            assert network.keys[0] is not None
            assert network.keys == [network.keys[0]] * 2
            second = await family.trigger_process()
            assert second.id != first.id
            assert (await traces(sluice))[0] == 2
            again = [await family.trigger_process(idempotency_key="mine") for _ in range(2)]
            assert again[0].id == again[1].id


async def test_events_come_once_each_through_a_network_that_breaks_off(opener: Opener) -> None:
    async with opener(Beside()) as sluice, serving(app_of(sluice)) as url:
        await sluice.played()
        [[run_id]] = await sluice.sql("SELECT id FROM sluice.run")
        network = Breaking()
        async with AsyncSluiceClient(url, token=OPS, transport=network) as client:
            found = [event async for event in client.run(run_id).events()]
        assert [event.kind for event in found] == ["created", "begun", "ended"]
        assert network.behind == [None, *(str(event.id) for event in found[:-1])]


async def test_a_service_that_stays_away_is_given_up_after_so_long(opener: Opener) -> None:
    async with opener(Beside()) as sluice, serving(app_of(sluice)) as gone:
        pass
    async with AsyncSluiceClient(gone, token=OPS, patience=0.5) as client:
        began = time.monotonic()
        with pytest.raises(NotReached, match="No service answers at") as caught:
            await client.of("recording").trigger_process()
        assert not caught.value.connected
        assert 0.5 < time.monotonic() - began < PATIENCE


async def test_what_would_be_refused_again_is_not_asked_again() -> None:
    asked: list[str] = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request.url.path)
        if request.url.path.endswith("/stranger"):
            return httpx2.Response(404, text="nginx")
        return httpx2.Response(409, json={"detail": "It has ended."})

    transport = httpx2.MockTransport(answer)
    async with AsyncSluiceClient("http://there.test", transport=transport) as client:
        with pytest.raises(CallRefused, match=r"^It has ended\.$"):
            await client.run("run_1").status()
        with pytest.raises(NotReached, match=r"not this version of Sluice \(HTTP 404\)"):
            await client.run("stranger").status()
    assert asked == ["/api/runs/run_1", "/api/runs/stranger"]
