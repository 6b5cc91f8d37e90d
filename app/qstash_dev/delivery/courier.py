"""One call of a message's destination, and what follows from its answer."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from app.qstash_dev.clock import Clock
from app.qstash_dev.delivery.callbacks import callback_of
from app.qstash_dev.delivery.faults import Faults
from app.qstash_dev.state.dead_letters import DeadLetters, DestinationAnswer
from app.qstash_dev.state.event_log import EventLog
from app.qstash_dev.state.message import MessageState, QStashMessage
from app.qstash_dev.wire.answered_delay import answered_delay
from app.qstash_dev.wire.durations import DAY

NOT_RETRYABLE = 489
"""With ``Upstash-NonRetryable-Error: true``, the message is not tried again."""

log = structlog.get_logger("sluice.qstash_dev")


def backoff(retry: int) -> float:
    """Seconds before the first retry, the second …: 12 s, 2 min 28 s, 30 min, 6 h, a day."""
    return min(DAY, math.exp(2.5 * min(retry, 10)))


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    Args:
        again_in: seconds, as the clock shortens them; None: the message has ended.
        follow_ups: messages that the call gave rise to.
    """

    again_in: float | None = None
    follow_ups: tuple[QStashMessage, ...] = ()


class Courier:
    def __init__(
        self,
        clock: Clock,
        call: Callable[[QStashMessage], Awaitable[DestinationAnswer]],
        events: EventLog,
        letters: DeadLetters,
        faults: Faults,
    ) -> None:
        self._clock = clock
        self._call = call
        self._events = events
        self._letters = letters
        self._faults = faults

    async def deliver(self, message: QStashMessage) -> Outcome:
        """The message's state is another one then."""
        lost = self._faults.of_call(message).answer_lost
        message.calls += 1
        if message.repeated:
            await self._call(message)
            return Outcome()
        self._became(message, MessageState.ACTIVE)
        answer = await self._call(message)
        if lost:
            self._faults.counted["lose_answer"] += 1
            message.state = MessageState.RETRY
            return Outcome(again_in=0.0)
        if answer.success:
            self._became(message, MessageState.DELIVERED)
            log.info("delivered", message=message.id, url=message.url, status=answer.status)
            return Outcome(follow_ups=self._callback(message, answer))
        return self._failed_once(message, answer)

    def _failed_once(self, message: QStashMessage, answer: DestinationAnswer) -> Outcome:
        now = self._clock.now()
        error = answer.error or f"the destination answered {answer.status}"
        log.warning("not_delivered", message=message.id, url=message.url, error=error)
        self._events.add(
            message, MessageState.ERROR, now, error=error, status=answer.status,
            headers=answer.headers, body=answer.body,
        )  # fmt: skip
        told = self._callback(message, answer)
        headers = {name.lower(): values[0] for name, values in answer.headers.items()}
        never = headers.get("upstash-nonretryable-error", "").strip().lower() == "true"
        if message.retried >= message.instructions.retries or (
            never and answer.status == NOT_RETRYABLE
        ):
            return Outcome(follow_ups=(*told, *self._fail(message, answer)))
        if message.cancel_requested:
            self._became(message, MessageState.CANCELED)
            return Outcome(follow_ups=told)
        delay = self._delay(message, headers, now)
        message.retried += 1
        message.state = MessageState.RETRY
        shortened = self._clock.shortened(delay)
        self._events.add(message, MessageState.RETRY, now, next_delivery=now + shortened)
        return Outcome(shortened, told)

    def _delay(self, message: QStashMessage, headers: dict[str, str], now: float) -> float:
        answered = answered_delay(headers, now)
        if answered is not None:
            return answered
        own = message.instructions.retry_delay
        said = None if own is None else own.seconds(message.retried)
        return backoff(message.retried + 1) if said is None else said

    def _fail(self, message: QStashMessage, answer: DestinationAnswer) -> tuple[QStashMessage, ...]:
        letter = self._letters.add(message, answer, self._clock.now())
        self._became(message, MessageState.FAILED)
        log.error("failed", message=message.id, url=message.url, dead_letter=letter.id)
        callback = message.instructions.failure_callback
        if callback is None:
            return ()
        return (callback_of(message, callback, answer, self._clock.now(), letter),)

    def _callback(
        self, message: QStashMessage, answer: DestinationAnswer
    ) -> tuple[QStashMessage, ...]:
        callback = message.instructions.callback
        if callback is None:
            return ()
        return (callback_of(message, callback, answer, self._clock.now()),)

    def _became(self, message: QStashMessage, state: MessageState) -> None:
        message.state = state
        self._events.add(message, state, self._clock.now())
