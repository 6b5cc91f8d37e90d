"""Answers that are files, made while they are read: in flat memory, however long they are."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import structlog
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.api.answer_headers import shown_path
from app.api.problems import UNREACHABLE
from app.connections.faults import away, said
from app.errors import Unavailable

log = structlog.get_logger("sluice.api")


class FileCutOff(Exception):
    """The rest of the file cannot be had."""


class StreamedFile(StreamingResponse):
    """To be saved under ``name``.

    Where the rest of it cannot be had, the answer has no end: the server then breaks the connection
    off, and no reader takes what it has for the whole.

    Args:
        parts: of the file; nothing is held while its reader is slow.
    """

    def __init__(self, parts: AsyncGenerator[str, None], name: str, media_type: str) -> None:
        self._parts = parts
        self._path = ""
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        super().__init__(parts, media_type=media_type, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._path = shown_path(scope)
        async with aclosing(self._parts):
            await super().__call__(scope, receive, send)

    async def stream_response(self, send: Send) -> None:
        start = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **start})
        try:
            async for part in self._parts:
                body = part.encode()
                await send({"type": "http.response.body", "body": body, "more_body": True})
        except (*UNREACHABLE, Unavailable, FileCutOff) as error:
            if not isinstance(error, FileCutOff) and away(error) is None:
                raise
            why = str(error) if isinstance(error, FileCutOff) else said(error)
            log.warning("file_cut_off", path=self._path, error=why)
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})
