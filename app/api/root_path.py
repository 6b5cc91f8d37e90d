"""The service below a path of a proxy's: SLUICE_ROOT_PATH."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send


class UnderPath:
    """ASGI middleware, the outermost. Whether or not the proxy takes the prefix away, and where
    nobody put one, all that is inside sees it once: in ``path``, and as ``root_path``."""

    def __init__(self, app: ASGIApp, root: str) -> None:
        self._app = app
        self._root = root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"]
            if path == self._root or path.startswith(f"{self._root}/"):
                path = path[len(self._root) :]
            scope = {**scope, "root_path": self._root, "path": self._root + (path or "/")}
        await self._app(scope, receive, send)


def inner_path(scope: Scope) -> str:
    """As routes are written: without the prefix."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))
