"""Which families there are, and what they take."""

from __future__ import annotations

import inspect
from typing import Any

from fastapi import APIRouter, Depends

from app.api.deps import Answer, State, View, bearer
from app.api.workflows import routes_of
from app.flow.control import FlowControl
from app.workflows.family import AnyFamily
from app.workflows.keys import Layer, flow_key

router = APIRouter(prefix="/api/families", tags=["families"], dependencies=[Depends(bearer)])


class FlowView(View):
    key: str
    parallelism: int | None
    rate: float | None
    period_seconds: float

    @classmethod
    def of(cls, key: str, control: FlowControl) -> FlowView:
        return cls(
            key=key,
            parallelism=control.parallelism,
            rate=control.rate,
            period_seconds=control.period.total_seconds(),
        )


class FamilyView(View):
    name: str
    description: str
    entity: str
    entities: str
    routes: dict[str, str]
    params: dict[str, Any]  # a JSON schema
    flow: list[FlowView]
    attempts: int
    timeout_seconds: float
    page_size: int
    chunk_size: int

    @classmethod
    def of(cls, family: AnyFamily) -> FamilyView:
        return cls(
            name=family.name,
            description=inspect.getdoc(type(family)) or "",
            entity=family.entity.singular,
            entities=family.entity.plural,
            routes=routes_of(family),
            params=family.params.model_json_schema(),
            flow=[
                FlowView.of(flow_key(family.name, layer), family.flow.of(layer)) for layer in Layer
            ],
            attempts=family.attempts,
            timeout_seconds=family.timeout.total_seconds(),
            page_size=family.page_size,
            chunk_size=family.chunk_size,
        )


class FamiliesAnswer(Answer):
    families: list[FamilyView]


@router.get("")
async def list_families(state: State) -> FamiliesAnswer:
    families = sorted(state.families.values(), key=lambda bound: bound.name)
    return FamiliesAnswer(families=[FamilyView.of(bound.family) for bound in families])
