"""The console: a page, and the files that it loads. They hold no data, so no token is asked for."""

from __future__ import annotations

import asyncio
import gzip
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.api.answer_headers import PAGE_HEADERS
from app.api.pages import answer_form
from app.api.routing import Router

STATIC = Path(str(files("app"))) / "console" / "static"
ASSETS = "assets/"
"""Below it every name has a digest of the content in it."""
INDEX = "index.html"
RELATIVE = b'="./'
FOR_GOOD = "public, max-age=31536000, immutable"
ASK_EACH_TIME = "no-cache"
TEXT = frozenset({".css", ".html", ".js", ".json", ".map", ".svg", ".txt", ".webmanifest"})
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self';"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_READ_ONLY = ["GET", "HEAD"]


@dataclass(frozen=True, slots=True)
class _File:
    """``zipped``: None where it would not be smaller. ``stamp``: of the file as it was read."""

    content: bytes
    zipped: bytes | None
    etag: str
    media_type: str
    stamp: tuple[int, int]


class ConsoleFiles:
    """What is below ``folder``, remembered for as long as it does not change."""

    def __init__(self, folder: Path, root_path: str) -> None:
        self._folder = folder.resolve()
        # The build names its own files relative to the page, which stands at many addresses.
        self._here = f'="{root_path}/console/'.encode()
        self._read: dict[str, _File] = {}

    def answer(self, path: str, headers: Mapping[str, str]) -> Response:
        """
        Args:
            path: below ``/console/``; one that names no file is a place within the console.
        """
        name = path if self._find(path) is not None else INDEX
        if name == INDEX and path.startswith(ASSETS):
            # Of another version: a page in its place would only be a stranger fault.
            return Response(status_code=HTTPStatus.NOT_FOUND, headers=HEADERS)
        found = self._load(name)
        if found is None:
            return _not_built()
        more = dict(HEADERS)
        more["Cache-Control"] = FOR_GOOD if name.startswith(ASSETS) else ASK_EACH_TIME
        more["ETag"] = found.etag
        more["Vary"] = "Accept-Encoding"
        if found.etag in headers.get("if-none-match", ""):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=more)
        content = found.content
        if found.zipped is not None and "gzip" in headers.get("accept-encoding", ""):
            content = found.zipped
            more["Content-Encoding"] = "gzip"
        return Response(content, headers=more, media_type=found.media_type)

    def _find(self, path: str) -> Path | None:
        """The file of this name, unless it is hidden or elsewhere."""
        if not path.isprintable() or any(part.startswith(".") for part in path.split("/")):
            return None
        try:
            file = (self._folder / path).resolve()
            return file if file.is_relative_to(self._folder) and file.is_file() else None
        except OSError:  # such as a name that is too long
            return None

    def _load(self, name: str) -> _File | None:
        file = self._find(name)
        if file is None:
            return None
        state = file.stat()
        stamp = (state.st_mtime_ns, state.st_size)
        known = self._read.get(name)
        if known is None or known.stamp != stamp:
            content = file.read_bytes()
            if name == INDEX:
                content = content.replace(RELATIVE, self._here)
            known = self._read[name] = _read(file, content, stamp)
        return known


def console_router(folder: Path = STATIC, root_path: str = "") -> Router:
    router = Router(include_in_schema=False)
    console = ConsoleFiles(folder, root_path)

    @router.api_route("/", methods=_READ_ONLY)
    async def root() -> Response:
        return RedirectResponse(f"{root_path}/console")

    @router.api_route("/console", methods=_READ_ONLY)
    @router.api_route("/console/{path:path}", methods=_READ_ONLY)
    async def page(request: Request, path: str = "") -> Response:
        return await asyncio.to_thread(console.answer, path, request.headers)

    return router


def _read(file: Path, content: bytes, stamp: tuple[int, int]) -> _File:
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    zipped = gzip.compress(content, mtime=0) if file.suffix in TEXT else content
    return _File(
        content,
        zipped if len(zipped) < len(content) else None,
        # Weak: the same for what is zipped and what is not.
        f'W/"{sha256(content).hexdigest()[:32]}"',
        kind,
        stamp,
    )


def _not_built() -> HTMLResponse:
    text = answer_form.told("The console is not here", "Make it with: make console")
    headers = {**PAGE_HEADERS, "Cache-Control": "no-store"}
    return HTMLResponse(text, status_code=HTTPStatus.NOT_FOUND, headers=headers)
