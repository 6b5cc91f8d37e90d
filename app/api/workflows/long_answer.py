"""An answer that takes as long as the work for it does, while proxies and clients see that it
lives."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import structlog
from fastapi import Request, Response
from fastapi.sse import format_sse_event
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from app.api.admission.call_limits import STREAM
from app.api.answer_headers import shown_path
from app.api.problems import UNREACHABLE, problem
from app.connections.faults import away, said
from app.errors import SluiceError, Unavailable
from app.schemas.base import Answer, View

EVERY = 10.0
"""Seconds between two signs of life. Proxies usually break off after sixty without one."""
OFTEN = 1.0
"""Seconds between two looks at how far it is, for who follows that."""

log = structlog.get_logger("sluice.api")


class LongAnswer(Response):
    """JSON, behind line breaks as signs of life, which mean nothing before JSON; or a stream of
    events, of which the last one is the answer.

    What goes wrong before the first sign is answered as ever. Later the status has been sent: a
    stream says it in the event ``problem``, and JSON has no end, so that nobody takes it for one.

    Args:
        place: held for the length of the work, which ends when the caller leaves.
        progress: how far the work is; None: not so far that nothing may be wrong with the call.
        stopping: set when the work must be given up.
        event: the name of the last one; None: JSON.
        every: seconds between two signs of life; None: as proxies need them.
    """

    def __init__(
        self,
        request: Request,
        work: Callable[[], Awaitable[Answer]],
        *,
        place: Callable[[], AbstractAsyncContextManager[None]],
        progress: Callable[[], View | None],
        stopping: asyncio.Event,
        event: str | None,
        every: float | None = None,
    ) -> None:
        super().__init__()
        self._request = request
        self._work = work
        self._place = place
        self._progress = progress
        self._stopping = stopping
        self._event = event
        self._every = every or (EVERY if event is None else OFTEN)
        self._begun = False
        self._shown = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with self._place():
                answer = await self._worked(send)
        except ClientDisconnect:
            if not self._begun:
                raise
            log.info("caller_left", path=shown_path(scope))
            return
        except (SluiceError, *UNREACHABLE) as error:
            if not self._begun:
                raise
            if not isinstance(error, SluiceError) and away(error) is None:
                raise
            why = error.detail if isinstance(error, SluiceError) else said(error)
            log.warning("answer_cut_off", path=shown_path(scope), error=why)
            if self._event is not None:
                told = error if isinstance(error, SluiceError) else Unavailable(away(error) or "")
                body = bytes(problem(self._request, told).body)
                await self._send(send, format_sse_event(data_str=body.decode(), event="problem"))
                await self._send(send, b"", more=False)
            return
        text = answer.model_dump_json()
        if self._event is not None:
            await self._send(send, format_sse_event(data_str=text, event=self._event))
        else:
            await self._send(send, text.encode())
        await self._send(send, b"", more=False)

    async def _worked(self, send: Send) -> Answer:
        """Tell meanwhile how far it is.

        Raises:
            Unavailable: the service stops.
        """
        work = asyncio.ensure_future(self._work())
        stop = asyncio.create_task(self._stopping.wait())
        try:
            while not (work.done() or stop.done()):
                known = self._progress() is not None
                await asyncio.wait(
                    {work, stop}, timeout=self._every, return_when=asyncio.FIRST_COMPLETED
                )
                if known and not work.done():
                    await self._tell(send)
            if not work.done():
                raise Unavailable("The service stops. Try again in a few seconds.")
            return work.result()
        finally:
            stop.cancel()
            work.cancel()
            await asyncio.wait([work])

    async def _tell(self, send: Send) -> None:
        if self._event is None:
            await self._send(send, b"\n")
            return
        progress = self._progress()
        text = "" if progress is None else progress.model_dump_json()
        if text == self._shown:
            await self._send(send, format_sse_event(comment="nothing new"))
        else:
            self._shown = text
            await self._send(send, format_sse_event(data_str=text, event="progress"))

    async def _send(self, send: Send, part: bytes, *, more: bool = True) -> None:
        if not self._begun:
            self._begun = True
            kind = "application/json" if self._event is None else f"{STREAM}; charset=utf-8"
            headers = [
                (b"content-type", kind.encode()),
                (b"cache-control", b"no-store"),
                (b"x-accel-buffering", b"no"),  # asks a proxy to pass each part on at once
            ]
            start = {"type": "http.response.start", "status": 200, "headers": headers}
            await send(start)
        await send({"type": "http.response.body", "body": part, "more_body": more})
