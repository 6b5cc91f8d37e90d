"""Routes whose bodies are read by the one JSON reader of all doors."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from app import exact_json
from app.errors import BadInput, SluiceError, TooManyTries, full_stop


class CarriedError(HTTPException):
    """An expected error on its way through FastAPI's reading of a body, which makes a 400 of any
    that is not its own."""

    def __init__(self, error: SluiceError) -> None:
        super().__init__(HTTPStatus(error.status), error.detail)
        self.error = error


class ExactRequest(Request):
    async def json(self) -> Any:  # as Starlette declares it
        """
        Raises:
            json.JSONDecodeError: FastAPI tells where it breaks.
            CarriedError: it cannot be kept as it stands; or see ``LargeBodies``.
        """
        try:
            principal = self.scope.get("sluice.principal")
            bodies = self.app.state.api.limits.bodies
            return await bodies.read(
                await self.body(), "" if principal is None else principal.token
            )
        except json.JSONDecodeError:
            raise
        except (BadInput, TooManyTries) as error:
            raise CarriedError(error) from None
        except exact_json.Refused as error:
            place = error.place or "body"
            refused = BadInput(full_stop(f"{place} {error.why}"), field=place)
            raise CarriedError(refused) from None


class ExactRoute(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        plain = super().get_route_handler()

        async def handle(request: Request) -> Response:
            return await plain(ExactRequest(request.scope, request.receive))

        return handle


class Router(APIRouter):
    """What every router of ours is."""

    def __init__(self, **options: Any) -> None:  # APIRouter's
        super().__init__(route_class=ExactRoute, **options)
