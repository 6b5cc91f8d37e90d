"""QStash's flow-control keys: what is in use, and what holds whatever the messages say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qstash.flow_control_api import (
    FlowControlInfo,
    PinFlowControlOptions,
    parse_flow_control_info,
)

from app.engine.qstash.faults import QStashFault, calling_qstash

if TYPE_CHECKING:
    from qstash import AsyncQStash


class QStashFlowControl:
    """
    Args:
        client: the official one; whoever opened it closes it.
    """

    def __init__(self, client: AsyncQStash) -> None:
        self._client = client

    async def keys(self) -> dict[str, FlowControlInfo]:
        """Every key of the account, by its name.

        Raises:
            QStashFault
        """
        async with calling_qstash():  # the client has no call for all of them
            told = await self._client.http.request(path="/v2/flowControl", method="GET")
            found = [parse_flow_control_info(one) for one in told]
        return {one.key: one for one in found}

    async def key(self, name: str) -> FlowControlInfo:
        """One that QStash does not know is as one that nothing limits.

        Raises:
            QStashFault
        """
        try:
            async with calling_qstash():
                return await self._client.flow_control.get(name)
        except QStashFault as fault:
            if fault.answered != 404:
                raise
        return nothing_of(name)

    async def hold(
        self, now: FlowControlInfo, limits: PinFlowControlOptions, *, pinned: bool, paused: bool
    ) -> bool:
        """Have the key of ``now`` pinned to these limits or not pinned, and paused or not. Returns
        whether it was otherwise.

        Raises:
            QStashFault: some of it may have been done.
        """
        calls, key = self._client.flow_control, now.key
        is_pinned = now.is_pinned_parallelism or now.is_pinned_rate
        # Until a new message comes, what was pinned last holds on: these are to hold then.
        pin = not _is_pinned(now, limits) if pinned else is_pinned and _held(now) != limits
        unpin = is_pinned and not pinned
        async with calling_qstash():
            if paused and not now.is_paused:  # first, for a pin lets more begin
                await calls.pause(key)
            if pin:
                await calls.pin(key, limits)
            if unpin:
                await calls.unpin(key, {"parallelism": True, "rate": True})
            if now.is_paused and not paused:
                await calls.resume(key)
        return pin or unpin or paused != now.is_paused


def nothing_of(key: str) -> FlowControlInfo:
    return parse_flow_control_info({"flowControlKey": key})


def _held(now: FlowControlInfo) -> PinFlowControlOptions:
    return {
        "parallelism": now.parallelism_max, "rate": now.rate_max, "period": now.rate_period,
    }  # fmt: skip


def _is_pinned(now: FlowControlInfo, limits: PinFlowControlOptions) -> bool:
    """A pin that is there already is not made again: it would reset the rate's count."""
    return now.is_pinned_parallelism and now.is_pinned_rate and _held(now) == limits
