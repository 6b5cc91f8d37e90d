"""When messages are handed on, with a clock on which time passes at every look."""

from __future__ import annotations

import asyncio

import pytest

from app.qstash_dev.clock import Clock
from app.qstash_dev.delivery.courier import Outcome
from app.qstash_dev.delivery.dispatcher import MessageDispatcher
from app.qstash_dev.delivery.faults import Faults
from app.qstash_dev.state.event_log import EventLog
from app.qstash_dev.state.flow_keys import FlowKeys
from app.qstash_dev.state.message import MessageOrigin, QStashMessage, new_id
from app.qstash_dev.state.queues import Queues
from app.qstash_dev.wire.flow_limits import FlowLimits
from app.qstash_dev.wire.instructions import Instructions
from tests.support.patience import PATIENCE


class ClockThatIsSlowToRead(Clock):
    """Two looks at it tell two times. A period of a second is shortened to ten milliseconds."""

    def __init__(self, step: float) -> None:
        super().__init__(speed=100)
        self._step = step
        self._at = 0.0

    def elapsed(self) -> float:
        self._at += self._step
        return self._at


@pytest.mark.parametrize("looks", range(1, 13))
async def test_what_a_rate_holds_up_goes_on_even_if_its_period_ends_amid_a_look(looks: int) -> None:
    """
    Args:
        looks: at the clock, in a rate's period.
    """
    clock, events, faults = ClockThatIsSlowToRead(0.01 / looks), EventLog(), Faults()
    delivered: list[str] = []

    async def deliver(message: QStashMessage) -> Outcome:
        delivered.append(message.id)
        return Outcome()

    dispatcher = MessageDispatcher(
        clock, deliver, FlowKeys(clock), Queues(clock), events, faults, at_once=10
    )
    told = Instructions(flow=("key", FlowLimits.parse("rate=1, period=1s")))
    ids = [new_id("msg_") for _ in range(2)]
    for one in ids:
        dispatcher.accept(QStashMessage(one, "http://x/", b"", told, MessageOrigin(), 0.0, 0.0))
    async with asyncio.timeout(PATIENCE):
        await events.until(lambda: dispatcher.settled)
    assert delivered == ids
