"""How a message is to be delivered, as the headers of its publication say."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from app.qstash_dev.refusal import QStashRefusal
from app.qstash_dev.wire.destinations import check_url
from app.qstash_dev.wire.durations import DAY, parse_duration
from app.qstash_dev.wire.flow_limits import FlowLimits, check_name
from app.qstash_dev.wire.header_fields import HeaderFields, Pairs
from app.qstash_dev.wire.redact_fields import RedactFields
from app.qstash_dev.wire.retry_delay import RetryDelay

DEFAULT_RETRIES = 3
MOST_RETRIES = 1_000
LONGEST_DELAY = 366 * DAY
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
LONGEST_LABEL = 1_024
_CONFIGURING = frozenset(
    f"upstash-{name}"
    for name in (
        "method", "timeout", "retries", "retry-delay", "delay", "not-before", "label",
        "flow-control-key", "flow-control-value", "redact-fields",
    )
)  # fmt: skip
"""What may be said of a callback too."""
_DELAYING = frozenset({"upstash-delay", "upstash-not-before"})


@dataclass(frozen=True, slots=True)
class Instructions:
    """
    Args:
        headers: that go to the destination.
        delay: seconds.
        not_before: Unix seconds; goes before ``delay``.
        timeout: seconds; None: the server's own.
        flow: the key and the limits.
        said: the headers that this was read from.
    """

    method: str = "POST"
    headers: Pairs = ()
    retries: int = DEFAULT_RETRIES
    retry_delay: RetryDelay | None = None
    delay: int = 0
    not_before: float | None = None
    timeout: int | None = None
    flow: tuple[str, FlowLimits] | None = None
    labels: tuple[str, ...] = ()
    redact: RedactFields = field(default_factory=RedactFields)
    callback: Callback | None = None
    failure_callback: Callback | None = None
    said: HeaderFields = field(default_factory=lambda: HeaderFields(()), repr=False, compare=False)

    @classmethod
    def parse(cls, fields: HeaderFields, retries: int = DEFAULT_RETRIES) -> Instructions:
        """
        Args:
            retries: where the headers name none.

        Raises:
            QStashRefusal: names the header that cannot be used.
        """
        plain = cls._parse_plain(fields, retries)
        return replace(
            plain,
            callback=_callback(fields, plain.retries, failure=False),
            failure_callback=_callback(fields, plain.retries, failure=True),
        )

    def overridden_by(self, fields: HeaderFields) -> Instructions:
        """The same, but for what these headers say. What was delayed once is not again.

        Raises:
            QStashRefusal: see ``parse``.
        """
        again = [pair for pair in self.said.pairs if pair[0] not in _DELAYING]
        names = {name for name, _ in fields.pairs}
        kept = [pair for pair in again if pair[0] not in names]
        return Instructions.parse(HeaderFields([*kept, *fields.pairs]), self.retries)

    @classmethod
    def _parse_plain(cls, fields: HeaderFields, retries: int) -> Instructions:
        method = (fields.get("Upstash-Method") or "POST").upper()
        if method not in METHODS:
            raise QStashRefusal(f"Upstash-Method must be one of {', '.join(METHODS)}.")
        delay, timeout = fields.get("Upstash-Delay"), fields.get("Upstash-Timeout")
        retry_delay = fields.get("Upstash-Retry-Delay")
        labels = (fields.get("Upstash-Label") or "")[:LONGEST_LABEL].split(",")
        return cls(
            method=method,
            headers=fields.forwarded(),
            retries=_number(fields, "Upstash-Retries", retries, most=MOST_RETRIES),
            retry_delay=RetryDelay.parse(retry_delay) if retry_delay else None,
            delay=_delay(delay) if delay else 0,
            not_before=_moment(fields),
            timeout=_timeout(timeout) if timeout else None,
            flow=_flow(fields),
            labels=tuple(label for part in labels if (label := part.strip())),
            redact=RedactFields.parse(fields.get("Upstash-Redact-Fields") or ""),
            said=fields,
        )


@dataclass(frozen=True, slots=True)
class Callback:
    url: str
    instructions: Instructions


def _callback(fields: HeaderFields, retries: int, *, failure: bool) -> Callback | None:
    name = "Upstash-Failure-Callback" if failure else "Upstash-Callback"
    url = fields.get(name)
    if url is None:
        return None
    own = fields.of_callback(_CONFIGURING, failure=failure)
    return Callback(check_url(url, name), Instructions.parse(own, retries))


def _number(fields: HeaderFields, name: str, default: int, *, most: int) -> int:
    text = fields.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"\d{1,12}", text, re.ASCII) or int(text) > most:
        raise QStashRefusal(f"{name} must be a number, up to {most}.")
    return int(text)


def _moment(fields: HeaderFields) -> float | None:
    moment = _number(fields, "Upstash-Not-Before", -1, most=99_999_999_999)
    return None if moment < 0 else float(moment)


def _delay(text: str) -> int:
    seconds = parse_duration(text, "Upstash-Delay")
    if seconds > LONGEST_DELAY:
        raise QStashRefusal("Upstash-Delay is a year at most.")
    return seconds


def _timeout(text: str) -> int:
    seconds = parse_duration(text, "Upstash-Timeout")
    if seconds < 1:
        raise QStashRefusal("Upstash-Timeout is a second at least.")
    return seconds


def _flow(fields: HeaderFields) -> tuple[str, FlowLimits] | None:
    key, value = fields.get("Upstash-Flow-Control-Key"), fields.get("Upstash-Flow-Control-Value")
    if key is None and value is None:
        return None
    if key is None or value is None:
        raise QStashRefusal(
            "Upstash-Flow-Control-Key and Upstash-Flow-Control-Value go together: one is missing."
        )
    return check_name(key, "flow-control key"), FlowLimits.parse(value)
