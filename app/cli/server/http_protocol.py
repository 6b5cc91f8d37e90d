"""HTTP over one connection, with bounds on what a caller sends and how long that takes.

uvicorn bounds neither. Its ``limit_concurrency`` refuses a request whose head is whole, and counts
connections whose head is not.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from app.cli.server.limits import LARGEST_ADDRESS, ServerLimits
from app.cli.server.open_connections import OpenConnections
from app.cli.server.refusal import written
from app.cli.server.request_progress import Phase, RequestProgress
from app.errors import (
    AddressTooLong,
    HeadersTooLarge,
    MalformedRequest,
    RequestTimeout,
    SluiceError,
    Unavailable,
)

LAST_BODY = 1.0
"""Seconds that a stop leaves to a body on its way: halves of some must not hold it up."""
LINGER = 2.0
"""Seconds in which a refused caller is still listened to: closed with something unread, the
connection would be reset, and the caller might never see why."""
MOST_PIPELINED = 64
"""Requests that wait on one connection for the answer to the one before them."""
_AROUND = 1_024
"""Bytes of a head that are neither address nor header: the method, the version, blanks."""


class BoundedState(ServerState):
    """What the connections of one server share."""

    def __init__(self, limits: ServerLimits) -> None:
        super().__init__()
        self.limits = limits
        self.open = OpenConnections(limits.connections, limits.connections_per_address)


class BoundedHttpProtocol(HttpToolsProtocol):
    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],  # as uvicorn declares it
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        assert isinstance(server_state, BoundedState)  # noqa: S101 - the server that makes us has one
        self.address = ""
        self._open = server_state.open
        self._limits = server_state.limits
        self._progress = RequestProgress()
        self._phase = Phase.HEAD
        self._since = 0  # as many heads: a deadline is of one phase of one request
        self._deadline: asyncio.TimerHandle | None = None
        self._header_bytes = 0
        self._refusal: SluiceError | None = None

    # Called by the transport.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self.address = self.client[0] if self.client else ""
        if self._open.enter(self):
            self._set_deadline(self._limits.head_timeout)
        else:
            self._refuse(
                Unavailable("All connections of this server are taken. Try again in a few seconds.")
            )

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.leave(self)
        self._clear_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._phase is Phase.REFUSED:
            return
        self._progress.received(len(data))
        super().data_received(data)
        if self._progress.unparsed > self._limits.header_bytes + LARGEST_ADDRESS + _AROUND:
            self._refuse(self._headers_too_large())
        self._settle()

    def abort(self) -> None:
        self.transport.abort()

    # Called by the parser. What is raised here ends in ``send_400_response``.

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._header_bytes = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > LARGEST_ADDRESS:
            self._refusal = AddressTooLong(
                f"Path and query are longer than {LARGEST_ADDRESS:,} bytes together."
            )
            raise self._refusal

    def on_header(self, name: bytes, value: bytes) -> None:  # also of fields after a body
        self._header_bytes += len(name) + len(value) + len(": \r\n")
        if self._header_bytes > self._limits.header_bytes:
            self._refusal = self._headers_too_large()
            raise self._refusal
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if len(self.pipeline) >= MOST_PIPELINED:
            raise MalformedRequest("Too many requests at once on one connection.")
        super().on_headers_complete()
        self._progress.head_complete()

    def on_body(self, body: bytes) -> None:
        self._progress.body_received()
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._progress.body_complete()
        super().on_message_complete()

    # Called by uvicorn.

    def on_response_complete(self) -> None:
        self._progress.answer_complete()
        super().on_response_complete()
        if self.transport.is_closing():
            self._close_unread()
        else:
            self._settle()

    def shutdown(self) -> None:
        super().shutdown()
        if self._phase is Phase.BODY:
            self._set_deadline(min(LAST_BODY, self._limits.body_timeout))

    def send_400_response(self, msg: str) -> None:
        self._refuse(self._refusal or MalformedRequest(msg))

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._close_unread()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._open.begin_waiting(self)  # for the caller to read

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._phase is Phase.ANSWERING:
            self._open.end_waiting(self)

    # Phases and their deadlines.

    def _settle(self) -> None:
        """A deadline begins with its phase, and whatever comes meanwhile does not move it."""
        if self._phase is Phase.REFUSED or self.transport.is_closing():
            return
        phase, heads = self._progress.phase, self._progress.heads
        if (phase, heads) == (self._phase, self._since):
            return
        self._phase, self._since = phase, heads
        if phase is not Phase.ANSWERING:
            self._open.begin_waiting(self)
        elif not self.flow.write_paused:  # else it waits for the caller to read
            self._open.end_waiting(self)
        if phase is Phase.HEAD:
            self._set_deadline(self._limits.head_timeout)
        elif phase is Phase.BODY:
            self._set_deadline(self._limits.body_timeout)
        else:  # an answer may take as long as it likes, and uvicorn closes what is idle
            self._clear_deadline()

    def _close_unread(self) -> None:
        """The transport closes when all is sent: to a caller who does not read, never."""
        self._open.begin_waiting(self)
        self._clear_deadline()
        unsent = self.transport.get_write_buffer_size()
        self._deadline = self.loop.call_later(
            self._limits.body_timeout, self._abort_unless_read, unsent
        )

    def _abort_unless_read(self, before: int) -> None:
        if self.transport.get_write_buffer_size() < before:
            self._close_unread()  # slowly, but it reads
        else:
            self.transport.abort()

    def _set_deadline(self, seconds: float) -> None:
        self._clear_deadline()
        self._deadline = self.loop.call_later(seconds, self._overdue, seconds)

    def _clear_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _overdue(self, seconds: float) -> None:
        if self.flow.read_paused:  # by us: what is missing may have come long ago
            self._set_deadline(seconds)
        elif self._phase is Phase.HEAD and not self._progress.in_head:
            self.transport.close()  # nothing was asked: browsers open some that they may need
        else:
            part = "body" if self._phase is Phase.BODY else "address and header"
            self._refuse(
                RequestTimeout(f"The {part} took longer than {seconds:g} seconds to come.")
            )

    # Refusals.

    def _headers_too_large(self) -> HeadersTooLarge:
        return HeadersTooLarge(f"The header is larger than {self._limits.header_bytes:,} bytes.")

    def _refuse(self, error: SluiceError) -> None:
        """Answer for the app, which is not asked, or waits for what will not come."""
        if self._phase is Phase.REFUSED or self.transport.is_closing():
            return
        self._phase = Phase.REFUSED
        self._open.refused(self)
        self._unset_keepalive_if_required()
        self._clear_deadline()
        own = self._progress.awaits_own_body
        if self._progress.unanswered and (not own or self.cycle.response_started):
            self.transport.abort()  # nothing can be said in the middle of an answer
            return
        if own:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if own or not self._progress.in_body:  # else it was answered before its body had come
            self.transport.write(written(error, self.server_state.default_headers))
        self.transport.write_eof()
        self.flow.resume_reading()
        self._deadline = self.loop.call_later(LINGER, self.transport.abort)
