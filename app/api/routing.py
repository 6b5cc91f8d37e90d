"""Routes whose bodies are read by the one JSON reader of all doors, and which take no parameter in
their query that they do not declare."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from difflib import get_close_matches
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.params import Query
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from app import exact_json
from app.errors import MOST_FAULTS, BadInput, SluiceError, TooManyTries, full_stop
from app.store.storable import cut

LONGEST_NAME = 100
"""Characters of a parameter that there is none of, as it is told."""


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


class DeclaredRoute(ExactRoute):
    """One that refuses what its query names and it does not declare: ``?statsu=failed`` would have
    it answer something else than was asked."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        plain = super().get_route_handler()
        flat = get_flat_params(self.dependant)
        known = {one.alias: None for one in flat if isinstance(one.field_info, Query)}

        async def handle(request: Request) -> Response:
            if unknown := request.query_params.keys() - known.keys():
                told = sorted(unknown)[:MOST_FAULTS]
                raise RequestValidationError([_fault(name, [*known]) for name in told])
            return await plain(request)

        return handle


def _fault(name: str, known: list[str]) -> dict[str, object]:
    by_lower = {one.lower(): one for one in known}
    near = get_close_matches(name.lower()[:LONGEST_NAME], by_lower, n=1)
    if near:
        hint = f"did you mean {by_lower[near[0]]}?"
    elif known:
        hint = f"this route takes {', '.join(known)}"
    else:
        hint = "this route takes none"
    return {
        "type": "unknown_parameter",
        "loc": ("query", cut(name, LONGEST_NAME)),
        "msg": f"there is no such query parameter: {hint}",
    }


class Router(APIRouter):
    """What every router of ours is."""

    def __init__(self, *, any_query: bool = False, **options: Any) -> None:  # APIRouter's
        """
        Args:
            any_query: its callers are other systems, which put into a query what they like.
        """
        super().__init__(route_class=ExactRoute if any_query else DeclaredRoute, **options)
