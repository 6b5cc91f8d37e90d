"""Streams that are followed through a service's absences, against one that says what it is told."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx2
import pytest

from app.cli.api_client import ApiClient, CallRefused
from app.cli.stream_reader import StreamReader
from app.errors import Unavailable
from app.schemas.items import StreamEndView

PATH = "/api/events"
Answer = httpx2.Response | Exception


class Scripted:
    """Answers one call after the other; the last answer again and again."""

    def __init__(self, *answers: Callable[[], Answer]) -> None:
        self._answers = list(answers)
        self.calls: list[tuple[float, str | None]] = []
        """When, and behind which event."""
        self.said: list[str] = []

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.calls.append((time.monotonic(), request.headers.get("Last-Event-ID")))
        answer = self._answers[min(len(self.calls), len(self._answers)) - 1]()
        if isinstance(answer, Exception):
            raise answer
        return answer

    @contextmanager
    def reader(self, patience: float = 60.0) -> Iterator[tuple[StreamReader, ApiClient]]:
        transport = httpx2.MockTransport(self)
        with httpx2.Client(base_url="http://sluice.test", transport=transport) as http:
            api = ApiClient(http, "here")
            yield StreamReader(api, self.said.append, patience=patience), api


def refused(status: int, after: str | None = None) -> Callable[[], Answer]:
    problem = {"title": "Refused", "status": status, "detail": f"It is {status}."}
    headers = {} if after is None else {"Retry-After": after}
    return lambda: httpx2.Response(status, json=problem, headers=headers)


def away() -> Answer:
    return httpx2.ConnectError("nobody")


def events(*ids: int) -> Callable[[], Answer]:
    text = "".join(f"event: chunk\nid: {number}\ndata: {number}\n\n" for number in ids)
    headers = {"Content-Type": "text/event-stream"}
    return lambda: httpx2.Response(200, text=text, headers=headers)


def end() -> Answer:
    return httpx2.Response(204)


def test_each_message_comes_once_and_behind_the_last_when_the_stream_breaks_off() -> None:
    service = Scripted(events(1, 2), away, events(3), end)
    with service.reader() as (reader, _):
        assert [message.id for message in reader.messages(PATH)] == ["1", "2", "3"]
    assert [last for _, last in service.calls] == [None, "2", "2", "3"]
    assert service.said == [
        "The service does not answer; trying again for 60 s …",
        "The service answers again.",
    ]


def test_who_is_refused_at_the_first_call_comes_again_when_the_service_says() -> None:
    service = Scripted(refused(429, "1"), events(1), end)
    with service.reader() as (reader, _):
        assert [message.id for message in reader.messages(PATH)] == ["1"]
    (first, _), (second, _), _ = service.calls
    assert second - first >= 1
    assert service.said == ["It is 429. Trying again for 60 s …", "The service answers again."]


def test_what_is_asked_beside_the_stream_is_waited_for_alike() -> None:
    service = Scripted(refused(503), lambda: httpx2.Response(200, json={"status": "skipped"}))
    with service.reader() as (reader, api):
        found = reader.ask(lambda: api.get(StreamEndView, PATH)).found
    assert found.status == "skipped"
    assert len(service.calls) == 2


def test_a_service_that_never_answered_is_not_waited_for() -> None:
    service = Scripted(away)
    with service.reader() as (reader, _), pytest.raises(Unavailable, match="No service answers"):
        next(reader.messages(PATH))
    assert len(service.calls) == 1
    assert service.said == []


def test_a_service_that_answered_another_call_is_waited_for() -> None:
    answer = {"status": "skipped"}
    service = Scripted(lambda: httpx2.Response(200, json=answer), away, events(1), end)
    with service.reader() as (_, api):
        assert api.get(StreamEndView, PATH).found.status == "skipped"
        assert [message.id for message in StreamReader(api).messages(PATH)] == ["1"]


def test_what_would_be_refused_again_is_told_at_once() -> None:
    service = Scripted(refused(404))
    with service.reader() as (reader, _), pytest.raises(CallRefused, match="It is 404"):
        next(reader.messages(PATH))
    assert len(service.calls) == 1


def test_a_service_that_stays_away_is_given_up_after_the_patience() -> None:
    service = Scripted(events(1), away)
    with service.reader(patience=0.5) as (reader, _):
        messages = reader.messages(PATH)
        assert next(messages).id == "1"
        began = time.monotonic()
        with pytest.raises(Unavailable):
            next(messages)
    assert time.monotonic() - began >= 0.5
    assert service.said == ["The service does not answer; trying again for 0.5 s …"]
