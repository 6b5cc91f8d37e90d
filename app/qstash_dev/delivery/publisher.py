"""From a publication to the messages that it means."""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.qstash_dev.clock import Clock
from app.qstash_dev.delivery.dispatcher import MessageDispatcher
from app.qstash_dev.state.deduplication import Deduplication
from app.qstash_dev.state.message import MessageOrigin, QStashMessage, new_id
from app.qstash_dev.state.url_groups import UrlGroups
from app.qstash_dev.wire.destinations import check_url, is_url
from app.qstash_dev.wire.flow_limits import check_name
from app.qstash_dev.wire.instructions import Instructions


@dataclass(frozen=True, slots=True)
class Published:
    """
    Args:
        deduplicated: the id is that of an earlier message, and nothing was published.
    """

    message_id: str
    url: str
    deduplicated: bool = False


class Publisher:
    def __init__(
        self,
        clock: Clock,
        dispatcher: MessageDispatcher,
        groups: UrlGroups,
        deduplication: Deduplication,
    ) -> None:
        self._clock = clock
        self._dispatcher = dispatcher
        self._groups = groups
        self._deduplication = deduplication

    def publish(
        self,
        destination: str,
        body: bytes,
        instructions: Instructions,
        origin: MessageOrigin,
        deduplication_id: str | None = None,
    ) -> list[Published]:
        """One for each URL of a group; of a URL, one.

        Args:
            destination: a URL, or the name of a URL group.

        Raises:
            QStashRefusal: there is no such group, or the server has too many messages.
        """
        if origin.queue is not None:
            check_name(origin.queue, "queue")
        if is_url(destination):
            check_url(destination)
            return [self._publish(destination, body, instructions, origin, deduplication_id)]
        group = self._groups.find(destination)
        return [
            self._publish(
                url,
                body,
                instructions,
                replace(origin, url_group=group.name, endpoint=name),
                deduplication_id,
            )
            for url, name in group.endpoints.items()
        ]

    def _publish(
        self,
        url: str,
        body: bytes,
        instructions: Instructions,
        origin: MessageOrigin,
        deduplication_id: str | None,
    ) -> Published:
        if deduplication_id is not None:
            first = self._deduplication.first(deduplication_id, url)
            if first is not None:
                return Published(first, url, deduplicated=True)
        now = self._clock.now()
        message = QStashMessage(
            id=new_id("msg_"),
            url=url,
            body=body,
            instructions=instructions,
            origin=origin,
            created_at=now,
            not_before=instructions.not_before or now + instructions.delay,
            deduplication_id=deduplication_id,
        )
        self._dispatcher.accept(message)
        if deduplication_id is not None:
            self._deduplication.remember(deduplication_id, url, message.id)
        return Published(message.id, url)
