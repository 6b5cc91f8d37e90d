"""The console: a page, and the files that it loads. They hold no data, so no token is asked for."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from http import HTTPStatus
from importlib.resources import files
from pathlib import Path

from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Route
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Receive, Scope, Send

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
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self';"
    " img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self';"
    " frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_READ_ONLY = ["GET", "HEAD"]


class ConsoleFiles(StaticFiles):
    """What is below ``folder``; a path that names no file there is a place within the console."""

    def __init__(self, folder: Path, root_path: str) -> None:
        super().__init__(directory=folder, check_dir=False)
        self._index = folder / INDEX
        # The build names its own files relative to the page, which stands at many addresses.
        self._here = f'="{root_path}/console/'.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path_params"].get("path", "")
        response = await self.get_response(path, scope)
        await response(scope, receive, send)

    async def get_response(self, path: str, scope: Scope) -> Response:
        try:
            if path == INDEX or any(part.startswith(".") for part in path.split("/")):
                raise HTTPException(HTTPStatus.NOT_FOUND)
            found = await super().get_response(path, scope)
        except HTTPException:
            if path.startswith(ASSETS):
                # Of another version: a page in its place would only be a stranger fault.
                return Response(status_code=HTTPStatus.NOT_FOUND, headers=HEADERS)
            found = await asyncio.to_thread(self._page, Headers(scope=scope))
        caching = FOR_GOOD if path.startswith(ASSETS) else ASK_EACH_TIME
        for name, value in {**HEADERS, "Cache-Control": caching}.items():
            found.headers.setdefault(name, value)
        return found

    def _page(self, asked: Headers) -> Response:
        try:
            content = self._index.read_bytes().replace(RELATIVE, self._here)
        except OSError:
            return _not_built()
        etag = f'"{sha256(content).hexdigest()[:32]}"'
        page = HTMLResponse(content, headers={"ETag": etag})
        return (
            NotModifiedResponse(page.headers) if self.is_not_modified(page.headers, asked) else page
        )


def console_router(folder: Path = STATIC, root_path: str = "") -> Router:
    router = Router(any_query=True, include_in_schema=False)

    @router.api_route("/", methods=_READ_ONLY)
    async def root() -> Response:
        return RedirectResponse(f"{root_path}/console")

    # In a thread what is sent in one piece of a file, which is 64 kB.
    console = GZipMiddleware(
        ConsoleFiles(folder, root_path), compresslevel=6, thread_minimum_size=16_384
    )
    for path in ("/console", "/console/{path:path}"):
        router.routes.append(Route(path, console, methods=_READ_ONLY, include_in_schema=False))
    return router


def _not_built() -> HTMLResponse:
    text = answer_form.told("The console is not here", "Make it with: make console")
    return HTMLResponse(text, status_code=HTTPStatus.NOT_FOUND, headers=PAGE_HEADERS)
