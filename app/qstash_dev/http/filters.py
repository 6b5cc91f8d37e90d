"""Which messages a list or a change is about, as the query of a call says."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from app.qstash_dev.refusal import QStashRefusal
from app.qstash_dev.state.message import QStashMessage
from app.qstash_dev.wire.destinations import TOKEN_PARAMETER

MOST_VALUES = 10_000

_TEXTS = frozenset(
    {
        "messageId", "messageIds", "url", "host", "path", "topicName", "queueName", "scheduleId",
        "label", "flowControlKey", "callerIp", "callerIP",
    }
)  # fmt: skip
_NUMBERS = frozenset({"fromDate", "toDate", "count"})


@dataclass(frozen=True)
class MessageFilter:
    """Values of one name are alternatives; all names must fit.

    Args:
        texts: what each name may be.
        since, until: Unix seconds, both included; None: any.
        count: how many at the most; None: as the call has it.
        cursor: where an earlier answer ended; None: it is the first.
        extra: values of names that this call has alone.
    """

    texts: dict[str, frozenset[str]] = field(default_factory=dict)
    since: float | None = None
    until: float | None = None
    count: int | None = None
    cursor: int | None = None
    extra: dict[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def parse(
        cls, query: Iterable[tuple[str, str]], extra: frozenset[str] = frozenset()
    ) -> MessageFilter:
        """
        Args:
            extra: names that this call knows besides.

        Raises:
            QStashRefusal: a name is not known, or a value is none.
        """
        texts: dict[str, set[str]] = {}
        numbers: dict[str, int] = {}
        for name, value in query:
            if name in _TEXTS or name in extra:
                split = [value] if name in ("url", "path") else value.split(",")
                texts.setdefault(name, set()).update(filter(None, (one.strip() for one in split)))
            elif name in _NUMBERS or name == "cursor":
                if value:
                    numbers[name] = _number(name, value)
            elif name != TOKEN_PARAMETER:
                raise QStashRefusal(f"There is no filter {name[:40]!r}.")
        if sum(len(values) for values in texts.values()) > MOST_VALUES:
            raise QStashRefusal(f"A filter has {MOST_VALUES} values at most.")
        moments = {n: numbers[n] / 1_000 for n in ("fromDate", "toDate") if n in numbers}
        return cls(
            texts={n: frozenset(values) for n, values in texts.items() if n not in extra},
            since=moments.get("fromDate"),
            until=moments.get("toDate"),
            count=numbers.get("count"),
            cursor=numbers.get("cursor"),
            extra={n: frozenset(values) for n, values in texts.items() if n in extra},
        )

    def count_within(self, default: int, most: int) -> int:
        """
        Raises:
            QStashRefusal: it is none, or more than the call has.
        """
        count = default if self.count is None else self.count
        if not 1 <= count <= most:
            raise QStashRefusal(f"count must be 1 to {most}.")
        return count

    def matches(self, message: QStashMessage, moment: float) -> bool:
        """``moment``: that the dates are about, in Unix seconds."""
        if self.since is not None and moment < self.since:
            return False
        if self.until is not None and moment > self.until:
            return False
        return all(self._fits(name, values, message) for name, values in self.texts.items())

    def _fits(self, name: str, values: frozenset[str], message: QStashMessage) -> bool:
        origin = message.origin
        if name == "label":
            return not values.isdisjoint(message.instructions.labels)
        if name in ("host", "path"):
            parts = urlsplit(message.url)
            return (parts.netloc if name == "host" else parts.path) in values
        found = {
            "messageId": message.id,
            "messageIds": message.id,
            "url": message.url,
            "topicName": origin.url_group,
            "queueName": origin.queue,
            "scheduleId": origin.schedule_id,
            "flowControlKey": message.flow_key,
        }.get(name, origin.caller_ip)
        return found in values


def _number(name: str, value: str) -> int:
    if not re.fullmatch(r"\d{1,15}", value, re.ASCII):
        raise QStashRefusal(f"{name} must be a number.")
    return int(value)
