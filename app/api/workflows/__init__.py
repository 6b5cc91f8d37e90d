"""The routes of each family, derived from the family alone."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from app.api.dependencies import State, bearer
from app.api.root_path import inner_path
from app.api.routing import Router
from app.api.workflows.execute import add_execute
from app.api.workflows.paginate import add_paginate
from app.api.workflows.process import add_process
from app.api.workflows.sample import add_sample
from app.errors import NotFound
from app.workflows.contract.job_family import AnyFamily

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def family_router(family: AnyFamily) -> Router:
    router = Router(
        prefix=f"/api/workflows/{family.name}", tags=[family.name], dependencies=[Depends(bearer)]
    )
    add_process(router, family)
    add_paginate(router, family)
    add_execute(router, family)
    add_sample(router, family)
    return router


def unknown_router() -> Router:
    """Says which families and routes there are, to a caller who named another."""
    router = Router(any_query=True, include_in_schema=False)

    @router.api_route("/api/workflows/{family}/{_:path}", methods=METHODS)
    async def unknown(family: str, request: Request, state: State) -> None:
        bound = state.families.get(family)
        if bound is not None and inner_path(request.scope) in every_route_of(bound.family).values():
            raise HTTPException(
                HTTPStatus.METHOD_NOT_ALLOWED,
                f"This route of {family} takes POST. See GET /api/families.",
                headers={"Allow": "POST"},
            )
        if bound is not None:
            raise NotFound(f"{family} has no such route. GET /api/families lists its routes.")
        raise NotFound(state.family_files.unknown(family, state.families))

    return router


def routes_of(family: AnyFamily) -> dict[str, str]:
    """The paths of a family's three layers, by layer."""
    base = f"/api/workflows/{family.name}"
    return {
        "process": f"{base}/process-{family.entity.plural}",
        "paginate": f"{base}/paginate-{family.entity.plural}",
        "execute": f"{base}/{family.verb}-{family.entity.singular}",
    }


def every_route_of(family: AnyFamily) -> dict[str, str]:
    """Those, and what else a caller may ask of the family there, by name."""
    sample = f"/api/workflows/{family.name}/sample-{family.entity.plural}"
    return {**routes_of(family), "sample": sample}
