"""What the server is made of, as the routes are handed it."""

from __future__ import annotations

from dataclasses import dataclass

from app.qstash_dev.clock import Clock
from app.qstash_dev.delivery.courier import Courier
from app.qstash_dev.delivery.dispatcher import MessageDispatcher
from app.qstash_dev.delivery.faults import Faults
from app.qstash_dev.delivery.http_calls import HttpCalls
from app.qstash_dev.delivery.publisher import Publisher
from app.qstash_dev.delivery.signing_keys import SigningKeys
from app.qstash_dev.options import QStashOptions
from app.qstash_dev.state.dead_letters import DeadLetters
from app.qstash_dev.state.deduplication import Deduplication
from app.qstash_dev.state.event_log import EventLog
from app.qstash_dev.state.flow_keys import FlowKeys
from app.qstash_dev.state.message import MessageOrigin, QStashMessage
from app.qstash_dev.state.queues import Queues
from app.qstash_dev.state.schedules import QStashSchedule, Schedules
from app.qstash_dev.state.url_groups import UrlGroups


@dataclass(frozen=True)
class QStashParts:
    clock: Clock
    signing_keys: SigningKeys
    faults: Faults
    events: EventLog
    dead_letters: DeadLetters
    flow_keys: FlowKeys
    queues: Queues
    url_groups: UrlGroups
    dispatcher: MessageDispatcher
    publisher: Publisher
    schedules: Schedules
    calls: HttpCalls

    @classmethod
    def made(cls, options: QStashOptions, faults: Faults) -> QStashParts:
        """Within a running loop."""
        clock = Clock(options.speed)
        events, letters = EventLog(), DeadLetters()
        signing_keys = SigningKeys(options.current_signing_key, options.next_signing_key)
        calls = HttpCalls(
            clock, signing_keys, at_once=options.at_once, longest=options.longest_answer
        )
        courier = Courier(clock, calls.call, events, letters, faults)
        flow_keys, queues, groups = FlowKeys(clock), Queues(clock), UrlGroups(clock)
        dispatcher = MessageDispatcher(
            clock, courier.deliver, flow_keys, queues, events, faults, at_once=options.at_once
        )
        remembered = Deduplication(clock, options.deduplication_window)
        publisher = Publisher(clock, dispatcher, groups, remembered)

        def fire(schedule: QStashSchedule) -> list[QStashMessage]:
            origin = MessageOrigin(schedule.caller_ip, schedule.queue, schedule_id=schedule.id)
            published = publisher.publish(
                schedule.destination, schedule.body, schedule.instructions, origin
            )
            ids = [one.message_id for one in published]
            return [dispatcher.messages[one] for one in ids if one in dispatcher.messages]

        return cls(
            clock=clock,
            signing_keys=signing_keys,
            faults=faults,
            events=events,
            dead_letters=letters,
            flow_keys=flow_keys,
            queues=queues,
            url_groups=groups,
            dispatcher=dispatcher,
            publisher=publisher,
            schedules=Schedules(clock, fire),
            calls=calls,
        )

    async def close(self) -> None:
        """What has not ended never will."""
        self.schedules.close()
        await self.dispatcher.close()
        await self.calls.close()
