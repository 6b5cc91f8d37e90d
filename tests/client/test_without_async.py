"""The client for code that is not async: its event loop is a thread of its own."""

from __future__ import annotations

import asyncio
import threading

import httpx2
import pytest

from sluice.client import CallRefused, SluiceClient

ITEM = {
    "itemId": "u1",
    "status": "succeeded",
    "attempts": 1,
    "result": ["a line"],
    "errorClass": None,
    "errorMessage": None,
    "scheduledAt": "2026-01-31T05:00:00Z",
    "startedAt": None,
    "finishedAt": None,
}


def answer(request: httpx2.Request) -> httpx2.Response:
    if request.url.path.endswith("/items"):
        more = None if "cursor" in request.url.params else "more"
        return httpx2.Response(200, json={"items": [ITEM, ITEM], "nextCursor": more})
    return httpx2.Response(404, json={"detail": "There is no such run."})


def opened() -> SluiceClient:
    return SluiceClient("http://there.test", transport=httpx2.MockTransport(answer))


def loops() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "sluice-client"]


async def test_it_works_where_a_loop_runs_as_in_a_notebook() -> None:
    asyncio.get_running_loop()
    with opened() as client:
        with pytest.raises(CallRefused, match=r"^There is no such run\.$"):
            client.run("run_1").status()
        run = client.run("run_1", result=list[str])
        assert [item.result for item in run.items()] == [["a line"]] * 4
    assert not loops()


def test_items_that_are_not_read_to_their_end_are_let_go() -> None:
    with opened() as client:
        items = client.run("run_1").items()
        assert next(items).item_id == "u1"
        items.close()
        left = client.run("run_1").items()
        next(left)
    left.close()  # of a client that is closed
    assert not loops()


def test_several_threads_may_share_it() -> None:
    found: list[int] = []
    with opened() as client:
        run = client.run("run_1")
        threads = [
            threading.Thread(target=lambda: found.append(len(list(run.items())))) for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == [4] * 8
