"""What a caller may send before anything looks at it, how long that may take, and how many may."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

import psutil
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse
from structlog.typing import EventDict

from app.api import problems
from app.cli.server.http_protocol import MOST_PIPELINED
from app.cli.server.limits import LARGEST_ADDRESS, ServerLimits
from tests.support.network.raw_http import calling, served

SHORT = ServerLimits(header_bytes=4_096, head_timeout=0.8, body_timeout=1.2, connections=100)
PATIENT = replace(SHORT, head_timeout=60, body_timeout=60)
GET = b"GET /quick HTTP/1.1\r\nHost: here\r\n\r\n"
POST = b"POST /length HTTP/1.1\r\nHost: here\r\nContent-Length: %d\r\n\r\n"
CHUNKED = b"POST /length HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n"


LARGE = 20_000_000
"""Bytes of an answer: more than two sockets take for who does not read."""


@dataclass
class Given:
    """An app that is told when to answer, and tells what it saw."""

    go_on: threading.Event = field(default_factory=threading.Event)
    broken_off: threading.Event = field(default_factory=threading.Event)

    def app(self) -> FastAPI:
        app = FastAPI()
        problems.install(app)

        @app.get("/quick")
        async def quick() -> dict[str, bool]:
            return {"success": True}

        @app.post("/length")
        async def length(request: Request) -> int:
            try:
                return len(await request.body())
            except BaseException:
                self.broken_off.set()
                raise

        @app.post("/early")
        async def early() -> dict[str, bool]:
            return {"success": True}

        @app.get("/large")
        async def large() -> Response:
            return Response(b"x" * LARGE)

        @app.get("/stream")
        async def stream() -> StreamingResponse:
            return StreamingResponse(self.parts())

        return app

    async def parts(self) -> AsyncIterator[bytes]:
        yield b"first"
        await asyncio.to_thread(self.go_on.wait, 10)
        yield b"last"


@pytest.fixture
def given() -> Iterator[Given]:
    given = Given()
    yield given
    given.go_on.set()


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


LINES = b"GET /quick HTTP/1.1\r\nHost: here\r\n"
ENDLESS = LINES + b"X: " + b"x" * 1_000


@pytest.mark.parametrize(
    "head",
    [
        LINES + b"X: " + b"x" * 5_000 + b"\r\n\r\n",
        LINES + b"X: 1\r\n" * 1_000 + b"\r\n",
        LINES + b"X: " + b"x" * 1_000_000,
        LINES + b"x" * 1_000_000,
        LINES + b"X:" + b" " * 1_000_000,
        LINES + b"X: 1\r\n" * 200_000,
        b"\r\n" * 1_200_000,
        CHUNKED + b"3\r\nabc\r\n0\r\nX: " + b"x" * 1_000_000,
        CHUNKED + b"3\r\nabc\r\n0\r\n" + b"X: 1\r\n" * 200_000,
        CHUNKED + b"3;" + b"x" * 1_000_000,
    ],
    ids=[
        "one that is large", "many that are small", "a value without an end",
        "a name without an end", "blanks without an end", "fields without an end",
        "empty lines without an end", "a value without an end after the body",
        "fields without an end after the body", "an extension of a chunk without an end",
    ],
)  # fmt: skip
@pytest.mark.parametrize("size", [10_000_000, 1_000], ids=["at once", "in pieces"])
def test_a_header_that_is_too_large_is_refused(given: Given, head: bytes, size: int) -> None:
    with served(given.app(), PATIENT) as port, calling(port) as caller:
        for piece in pieces(head, size):
            caller.send(piece)
        assert "4,096 bytes" in caller.answer().problem(431)
        assert caller.is_closed()


@pytest.mark.parametrize("size", [10_000_000, 1_000], ids=["at once", "in pieces"])
@pytest.mark.parametrize("length", [LARGEST_ADDRESS + 1, 1_000_000])
def test_an_address_that_is_too_long_is_refused(given: Given, length: int, size: int) -> None:
    with served(given.app(), PATIENT) as port, calling(port) as caller:
        address = b"/quick?".ljust(length, b"a")
        for piece in pieces(b"GET " + address + b" HTTP/1.1\r\n\r\n", size):
            caller.send(piece)
        assert "8,192 bytes" in caller.answer().problem(414)
        assert caller.is_closed()


@pytest.mark.parametrize("size", [10_000_000, 100], ids=["at once", "in pieces"])
def test_the_largest_address_and_header_are_read(given: Given, size: int) -> None:
    head = b"GET " + b"/quick?".ljust(LARGEST_ADDRESS, b"a") + b" HTTP/1.1\r\n"
    head += b"X: ".ljust(PATIENT.header_bytes - 2, b"x") + b"\r\n\r\n"
    with served(given.app(), PATIENT) as port, calling(port) as caller:
        for piece in pieces(head * 2, size):
            caller.send(piece)
        assert (caller.answer().status, caller.answer().status) == (200, 200)


def test_what_is_not_http_is_refused(given: Given) -> None:
    with served(given.app(), PATIENT) as port, calling(port) as caller:
        caller.send(b"\x16\x03\x01 hello\r\n\r\n")
        assert caller.answer().problem(400) == "Invalid HTTP request received."
        assert caller.is_closed()


def test_a_head_that_comes_byte_by_byte_is_ended_when_its_time_is_over(given: Given) -> None:
    with served(given.app(), SHORT) as port, calling(port) as caller:
        took = caller.trickle(ENDLESS)
        assert SHORT.head_timeout - 0.1 < took < SHORT.head_timeout + 10
        assert "0.8 seconds" in caller.answer().problem(408)
        assert caller.is_closed()


def test_the_time_of_a_later_head_runs_from_its_first_byte(given: Given) -> None:
    limits = replace(SHORT, head_timeout=2)
    with served(given.app(), limits) as port, calling(port) as caller:
        for _ in range(2):
            caller.send(GET)
            assert caller.answer().status == 200
            time.sleep(limits.head_timeout * 0.6)  # kept alive, and nothing is asked meanwhile
        assert caller.trickle(ENDLESS) > limits.head_timeout - 0.1
        caller.answer().problem(408)


def test_a_connection_on_which_nothing_is_asked_is_closed_without_an_answer(given: Given) -> None:
    with served(given.app(), SHORT) as port, calling(port) as caller:
        assert caller.is_closed()


@pytest.mark.parametrize("head", [POST % 1_000, CHUNKED], ids=["of stated length", "chunked"])
def test_a_body_that_comes_byte_by_byte_is_ended_when_its_time_is_over(
    given: Given, head: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with served(given.app(), SHORT) as port, calling(port) as caller:
        caller.send(head)
        took = caller.trickle(b"1\r\nx\r\n" * 160)
        assert SHORT.body_timeout - 0.1 < took < SHORT.body_timeout + 10
        assert "1.2 seconds" in caller.answer().problem(408)
        assert given.broken_off.wait(10)
        assert caller.is_closed()
    assert "Exception in ASGI application" not in caplog.text


def test_a_body_that_stays_away_after_its_answer_ends_the_connection(given: Given) -> None:
    with served(given.app(), SHORT) as port, calling(port) as caller:
        caller.send((POST % 1_000).replace(b"/length", b"/early"))
        assert caller.answer().status == 200
        assert caller.is_closed()


def test_a_stream_goes_on_for_longer_than_any_request_may_take(given: Given) -> None:
    with served(given.app(), SHORT) as port, calling(port) as caller:
        caller.send(b"GET /stream HTTP/1.1\r\nHost: here\r\n\r\n")
        while caller.line() != b"5":
            pass
        assert caller.line() == b"first"
        time.sleep(SHORT.head_timeout + SHORT.body_timeout)
        given.go_on.set()
        assert [caller.line() for _ in range(4)] == [b"4", b"last", b"0", b""]
        caller.send(GET)
        assert caller.answer().status == 200


def test_requests_behind_a_long_answer_wait_for_it_whatever_their_time(given: Given) -> None:
    with served(given.app(), SHORT) as port, calling(port) as caller:
        body = b"x" * 300_000
        caller.send(b"GET /stream HTTP/1.1\r\nHost: here\r\n\r\n" + POST % len(body) + body[:9])
        time.sleep(SHORT.head_timeout + SHORT.body_timeout)
        given.go_on.set()
        assert caller.answer().body == b"firstlast"
        caller.send(body[9:] + GET[:10])
        assert caller.answer().body == b"300000"
        caller.send(GET[10:])
        assert caller.answer().status == 200


def test_requests_in_one_piece_are_answered_in_their_order(given: Given) -> None:
    with served(given.app(), SHORT) as port, calling(port) as caller:
        caller.send(b"".join(POST % n + b"x" * n for n in range(MOST_PIPELINED)))
        assert [int(caller.answer().body) for _ in range(MOST_PIPELINED)] == [*range(64)]


def test_a_connection_with_too_many_requests_at_once_is_closed(given: Given) -> None:
    with served(given.app(), SHORT) as port, calling(port) as caller:
        caller.send(GET * (MOST_PIPELINED + 2))
        assert caller.is_closed()


def test_an_upgrade_that_is_not_offered_is_answered_like_any_request(given: Given) -> None:
    with served(given.app(), SHORT) as port, calling(port) as caller:
        for _ in range(2):
            caller.send(LINES + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n")
            assert caller.answer().status == 200


def test_the_oldest_that_has_asked_nothing_whole_makes_room(given: Given) -> None:
    with served(given.app(), replace(PATIENT, connections=16)) as port, ExitStack() as stack:
        followed = stack.enter_context(calling(port))
        followed.send(b"GET /stream HTTP/1.1\r\nHost: here\r\n\r\n")
        followed.line()
        half = [stack.enter_context(calling(port)) for _ in range(40)]
        for caller in half[-15:]:
            caller.send(GET[:-2])
        last = stack.enter_context(calling(port))
        last.send(GET)
        assert last.answer().status == 200
        assert all(caller.is_closed() for caller in half[:-15])
        assert half[-15].is_closed()
        for caller in half[-14:]:
            caller.send(GET[-2:])
            assert caller.answer().status == 200
        given.go_on.set()
        while followed.line() != b"last":
            pass


@pytest.mark.parametrize("line", [b"", b"Connection: close\r\n"])
def test_who_does_not_read_an_answer_makes_room(given: Given, line: bytes) -> None:
    with served(given.app(), replace(PATIENT, connections=16)) as port, ExitStack() as stack:
        for _ in range(32):
            caller = stack.enter_context(calling(port))
            caller.send(b"GET /large HTTP/1.1\r\nHost: here\r\n" + line + b"\r\n")
            caller.line()
            caller.send(GET)  # to ask for more is not to read
        with calling(port) as other:
            other.send(GET)
            assert other.answer().status == 200


def test_an_answer_that_nobody_reads_ends_with_the_connection(given: Given) -> None:
    with served(given.app(), SHORT) as port, calling(port) as caller:
        caller.send(b"GET /large HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        caller.line()
        began = time.monotonic()
        while any(c.laddr.port == port and c.raddr for c in psutil.Process().net_connections()):
            assert time.monotonic() < began + 60
            time.sleep(0.05)
        assert time.monotonic() > began + SHORT.body_timeout - 0.5
        with pytest.raises(EOFError):
            caller._exactly(LARGE + 1_000)


def test_where_all_are_being_answered_another_is_refused(
    given: Given, logged: list[EventDict]
) -> None:
    with served(given.app(), replace(PATIENT, connections=16)) as port, ExitStack() as stack:
        callers = [stack.enter_context(calling(port)) for _ in range(16)]
        for caller in callers:
            caller.send(b"GET /stream HTTP/1.1\r\nHost: here\r\n\r\n")
            caller.line()
        for _ in range(20):
            with calling(port) as other:
                answer = other.answer()
                assert "Try again" in answer.problem(503)
                assert answer.headers["retry-after"] == "5"
                assert other.is_closed()
        given.go_on.set()
        for caller in callers:
            while caller.line() != b"last":
                pass
        with calling(port) as other:
            other.send(GET)
            assert other.answer().status == 200
    told = [entry for entry in logged if entry["event"] == "connections_full"]
    assert [entry["log_level"] for entry in told] == ["warning"]


def test_one_address_may_be_held_to_fewer(given: Given) -> None:
    limits = replace(PATIENT, connections_per_address=2)
    with served(given.app(), limits) as port, ExitStack() as stack:
        first, second, third = (stack.enter_context(calling(port)) for _ in range(3))
        assert first.is_closed()
        for caller in (second, third):
            caller.send(GET)
            assert caller.answer().status == 200
