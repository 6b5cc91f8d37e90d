"""Flow control: see it, and change it while work is under way."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path
from pydantic import Field, StrictInt

from app.api.deps import Answer, Body, Caller, State, View, bearer
from app.errors import BadInput, ConfigurationError
from app.flow.control import LONGEST_PERIOD, FlowControl
from app.workflows.flow_admin import FlowState

router = APIRouter(
    prefix="/api/flow-control", tags=["flow control"], dependencies=[Depends(bearer)]
)

Key = Annotated[str, Path(max_length=200, description="such as welcome-placeholder.execute")]


class Pin(Body):
    """What is left out is not limited."""

    parallelism: StrictInt | None = Field(None, gt=0, le=1_000_000, description="at work at once")
    rate: float | None = Field(
        None, gt=0, le=1_000_000, strict=True, allow_inf_nan=False, description="starts in a period"
    )
    period_seconds: float = Field(1, ge=0.001, le=LONGEST_PERIOD.total_seconds(), strict=True)

    def control(self) -> FlowControl:
        """
        Raises:
            BadInput: the values are no flow control together.
        """
        try:
            return FlowControl(
                parallelism=self.parallelism,
                rate=self.rate,
                period=timedelta(seconds=self.period_seconds),
            )
        except ConfigurationError as error:
            raise BadInput(error.detail, field=error.field) from error


class FlowView(View):
    key: str
    parallelism: int | None
    rate: float | None
    period_seconds: float
    source: Literal["code", "pinned"]
    paused: bool
    active: int | None = Field(description="items at work now; null: Redis does not answer")
    waiting: int | None = Field(description="items that wait for their turn in a worker")
    started: int | None = Field(description="items started in the last period")

    @classmethod
    def of(cls, state: FlowState) -> FlowView:
        live, observed = state.live, state.observed
        return cls(
            key=live.key,
            parallelism=live.control.parallelism,
            rate=live.control.rate,
            period_seconds=live.control.period.total_seconds(),
            source="pinned" if live.pinned else "code",
            paused=live.paused,
            active=observed.active if observed else None,
            waiting=observed.waiting if observed else None,
            started=observed.started if observed else None,
        )


class FlowAnswer(Answer):
    flow_control: FlowView


class FlowsAnswer(Answer):
    flow_control: list[FlowView]


@router.get("")
async def list_flow_control(state: State) -> FlowsAnswer:
    return FlowsAnswer(flow_control=[FlowView.of(one) for one in await state.flow.states()])


@router.get("/{key}")
async def get_flow_control(key: Key, state: State) -> FlowAnswer:
    return FlowAnswer(flow_control=FlowView.of(await state.flow.state(key)))


@router.put("/{key}")
async def pin_flow_control(key: Key, body: Pin, state: State, caller: Caller) -> FlowAnswer:
    """Put these limits in force in place of the code's; workers follow within a second."""
    pinned = await state.flow.pin(key, body.control(), by=caller)
    return FlowAnswer(flow_control=FlowView.of(pinned))


@router.delete("/{key}")
async def reset_flow_control(key: Key, state: State, caller: Caller) -> FlowAnswer:
    """Return to the limits that the code declares."""
    return FlowAnswer(flow_control=FlowView.of(await state.flow.reset(key, by=caller)))


@router.post("/{key}/pause")
async def pause_flow_control(key: Key, state: State, caller: Caller) -> FlowAnswer:
    """Let nothing of this key begin; what is at work ends."""
    changed = await state.flow.pause(key, paused=True, by=caller)
    return FlowAnswer(flow_control=FlowView.of(changed))


@router.post("/{key}/resume")
async def resume_flow_control(key: Key, state: State, caller: Caller) -> FlowAnswer:
    changed = await state.flow.pause(key, paused=False, by=caller)
    return FlowAnswer(flow_control=FlowView.of(changed))
