"""The header ``Allow`` of a 405: every method that the path knows, not those of one route of it."""

from __future__ import annotations

from http import HTTPMethod

from starlette.requests import Request
from starlette.routing import Match


def allowed_methods(request: Request) -> list[str]:
    """Of the path of this request."""
    return [
        method.value
        for method in HTTPMethod
        if any(
            route.matches({**request.scope, "method": method.value})[0] is Match.FULL
            for route in request.app.routes
        )
    ]
