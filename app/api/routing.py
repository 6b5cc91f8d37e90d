"""Routes whose bodies are read by the one JSON reader of all doors, and which take in their query
what they declare, each of it once."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.params import Query
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from app import exact_json
from app.errors import (
    LONGEST_NAME,
    MOST_FAULTS,
    BadInput,
    SluiceError,
    TooManyTries,
    full_stop,
    nearest,
)
from app.store.storable import cut


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
    """One that refuses what its query names and it does not declare, or names twice:
    ``?statsu=failed`` would have it answer something else than was asked. None takes a list."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        plain = super().get_route_handler()
        flat = get_flat_params(self.dependant)
        known = {one.alias: None for one in flat if isinstance(one.field_info, Query)}

        async def handle(request: Request) -> Response:
            asked = Counter(name for name, _ in request.query_params.multi_items())
            faults = [
                _unknown(name, [*known]) if name not in known else _repeated(name, times)
                for name, times in sorted(asked.items())
                if name not in known or times > 1
            ]
            if faults:
                raise RequestValidationError(faults[:MOST_FAULTS])
            return await plain(request)

        return handle


def _unknown(name: str, known: list[str]) -> dict[str, object]:
    near = nearest(name, known)
    if near:
        hint = f"did you mean {near[0]}?"
    elif known:
        hint = f"this route takes {', '.join(known)}"
    else:
        hint = "this route takes none"
    there = "there is no such query parameter" if name else "it has a parameter without a name"
    return _fault("unknown_parameter", name, f"{there}: {hint}")


def _repeated(name: str, times: int) -> dict[str, object]:
    return _fault("repeated_parameter", name, f"it is there {times} times: name it once")


def _fault(kind: str, name: str, message: str) -> dict[str, object]:
    """Of a parameter, or of the query as a whole, where it has no name."""
    place = ("query", cut(name, LONGEST_NAME)) if name else ("query",)
    return {"type": kind, "loc": place, "msg": message}


class Router(APIRouter):
    """What every router of ours is."""

    def __init__(self, *, any_query: bool = False, **options: Any) -> None:  # APIRouter's
        """
        Args:
            any_query: its callers are other systems, which put into a query what they like.
        """
        super().__init__(route_class=ExactRoute if any_query else DeclaredRoute, **options)
