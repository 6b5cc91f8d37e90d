"""Flow control: see it, and change it while work is under way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Self

from fastapi import Depends, Path, Query
from pydantic import Field, StrictInt, model_validator

from app.api.dependencies import ApiState, Caller, NoteInBody, NoteInQuery, State, bearer
from app.api.routing import Router
from app.config.run_bounds import LONGEST_PERIOD, MOST_AT_ONCE, MOST_STARTS
from app.engine import Depth
from app.errors import BadInput, ConfigurationError
from app.flow.limits import FlowControl
from app.schemas.base import Body, GivenNote, require_one_of
from app.schemas.flow_control import (
    FlowAnswer,
    FlowHistoryAnswer,
    FlowPartitionsAnswer,
    FlowPartitionView,
    FlowPointView,
    FlowsAnswer,
    FlowView,
)
from app.workflows.monitoring.flow_limits import FlowState
from app.workflows.monitoring.partition_limits import LONGEST, MOST

NOTHING = Depth()

router = Router(prefix="/api/flow-control", tags=["flow control"], dependencies=[Depends(bearer)])

Key = Annotated[str, Path(max_length=200, description="such as invoice-reminder.execute")]


class Pin(Body):
    """Names `parallelism`, `rate` or both. What is null or left out is not limited."""

    parallelism: StrictInt | None = Field(
        None, gt=0, le=MOST_AT_ONCE, description="at work at once"
    )
    rate: float | None = Field(
        None,
        gt=0,
        le=MOST_STARTS,
        strict=True,
        allow_inf_nan=False,
        description="starts in a period",
    )
    period_seconds: float = Field(1, ge=0.001, le=LONGEST_PERIOD.total_seconds(), strict=True)
    note: GivenNote = None

    @model_validator(mode="after")
    def _names_a_limit(self) -> Self:
        require_one_of(self, ("parallelism", "rate"), "what is null or left out is not limited")
        return self

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


Partition = Annotated[str, Field(min_length=1, max_length=LONGEST, pattern=r"^[^\x00]+$")]


class PinOfPartition(Pin):
    partition: Partition


@router.get("")
async def list_flow_control(state: State) -> FlowsAnswer:
    return FlowsAnswer(flow_control=await _views(state, await state.flow.states()))


@router.get("/{key}")
async def get_flow_control(key: Key, state: State) -> FlowAnswer:
    return await _answer(state, await state.flow.state(key))


@router.get("/{key}/history")
async def get_flow_history(key: Key, state: State) -> FlowHistoryAnswer:
    """The last five minutes, a sample every five seconds, the oldest first. Recorded while a worker
    runs and the key has a limit."""
    state.flow.flow_keys(key)
    points = await state.flow_history.of(key, datetime.now(UTC))
    return FlowHistoryAnswer(points=[FlowPointView.of(point) for point in points])


@router.get("/{key}/partitions")
async def list_flow_partitions(
    key: Key,
    state: State,
    limit: Annotated[int, Query(ge=1, le=MOST)] = 20,
    partition: Annotated[Partition | None, Query(description="this one alone")] = None,
) -> FlowPartitionsAnswer:
    """Partitions that have limits of their own, and then those with the most items."""
    found = await state.partitions.fullest(key, limit, partition)
    return FlowPartitionsAnswer(partitions=[FlowPartitionView.of(one) for one in found])


@router.put("/{key}/partitions")
async def pin_flow_partition(
    key: Key, body: PinOfPartition, state: State, caller: Caller
) -> FlowPartitionsAnswer:
    """Give one partition limits of its own. Workers follow within a second, and within a minute for
    items that were put off until their partition's turn."""
    await state.partitions.pin(key, body.partition, body.control(), by=caller, note=body.note)
    return await list_flow_partitions(key, state, partition=body.partition)


@router.delete("/{key}/partitions")
async def reset_flow_partition(
    key: Key,
    state: State,
    caller: Caller,
    partition: Annotated[Partition, Query()],
    note: NoteInQuery = None,
) -> FlowPartitionsAnswer:
    """Return to the limits that hold for each partition. Workers follow within a second, and within
    a minute for items that were put off until their partition's turn."""
    await state.partitions.reset(key, partition, by=caller, note=note)
    return await list_flow_partitions(key, state, partition=partition)


@router.put("/{key}")
async def pin_flow_control(key: Key, body: Pin, state: State, caller: Caller) -> FlowAnswer:
    """Put these limits in force in place of the code's; workers follow within a second."""
    return await _answer(
        state, await state.flow.pin(key, body.control(), by=caller, note=body.note)
    )


@router.delete("/{key}")
async def reset_flow_control(
    key: Key, state: State, caller: Caller, note: NoteInQuery = None
) -> FlowAnswer:
    """Return to the limits that the code declares."""
    return await _answer(state, await state.flow.reset(key, by=caller, note=note))


@router.post("/{key}/pause")
async def pause_flow_control(
    key: Key, state: State, caller: Caller, note: NoteInBody
) -> FlowAnswer:
    """Let nothing of this key begin; what is at work ends."""
    return await _answer(state, await state.flow.pause(key, paused=True, by=caller, note=note))


@router.post("/{key}/resume")
async def resume_flow_control(
    key: Key, state: State, caller: Caller, note: NoteInBody
) -> FlowAnswer:
    return await _answer(state, await state.flow.pause(key, paused=False, by=caller, note=note))


@router.post("/{key}/lift")
async def lift_flow_control(key: Key, state: State, caller: Caller, note: NoteInBody) -> FlowAnswer:
    """End a hold early that began because the other side said when to come again."""
    return await _answer(state, await state.flow.lift(key, by=caller, note=note))


async def _answer(state: ApiState, found: FlowState) -> FlowAnswer:
    [view] = await _views(state, [found])
    return FlowAnswer(flow_control=view)


async def _views(state: ApiState, found: Sequence[FlowState]) -> list[FlowView]:
    depths = await state.engine.depth()
    parked = await state.partitions.parked(one.live.key for one in found)
    return [
        FlowView.of(
            one,
            queued=sum(depths.get(key, NOTHING).due for key in state.flow.flow_keys(one.live.key)),
            apart=parked.get(one.live.key, 0),
        )
        for one in found
    ]
