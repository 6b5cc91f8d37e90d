"""What is said to QStash of a message, and what is made of its answer."""

from __future__ import annotations

import json
import time
import uuid
from datetime import timedelta

import pytest

from app.engine.qstash.letter import Letter
from app.engine.qstash.publication import Publication, taken
from app.engine.qstash.target import DeliveryTarget
from app.qstash_dev.wire.flow_limits import FlowLimits
from app.qstash_dev.wire.header_fields import HeaderFields
from app.qstash_dev.wire.instructions import Instructions

NUMBER = uuid.UUID(int=7)
NOW = timedelta(0)
URL = "https://app.example.com/below"


def read(target: DeliveryTarget, left: timedelta = NOW, failed: str | None = None) -> Instructions:
    """As QStash reads it."""
    wire = Publication(1, NUMBER, "m:ü", left, "users,run-1").wire(target, URL, failed)
    assert wire["destination"] == URL + target.path
    assert Letter.read(wire["body"].encode()) == Letter(message="m:ü", publication=NUMBER)
    assert json.dumps(wire).isascii()
    return Instructions.parse(HeaderFields(wire["headers"].items()))


def test_limits_time_limit_label_and_whom_to_tell_are_said() -> None:
    target = DeliveryTarget(
        "/process-users", "users.process", 5, 10, timedelta(minutes=1), timedelta(seconds=90.5)
    )
    told = read(target, failed=f"{URL}/failed")
    assert told.flow == ("users.process", FlowLimits.parse("parallelism=5, rate=10, period=60s"))
    assert (told.timeout, told.labels, told.retries) == (91, ("users", "run-1"), 3)
    assert told.not_before is None
    assert told.failure_callback is not None
    assert told.failure_callback.url == f"{URL}/failed"
    assert told.retry_delay is not None
    assert [told.retry_delay.seconds(n) for n in range(3)] == [10, 120, 1440]


def test_what_nothing_limits_has_no_flow_control_key() -> None:
    told = read(DeliveryTarget("/process-users", "users.process"))
    assert told.flow is None
    assert told.failure_callback is None


def test_what_is_due_later_comes_no_sooner() -> None:
    before = time.time()
    told = read(DeliveryTarget("/x", "x"), timedelta(seconds=100.2))
    assert told.not_before is not None
    assert before + 100.2 <= told.not_before <= time.time() + 101.2


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ([{"messageId": "a"}, {"error": "no"}], [True, False]),
        ([{"messageId": "a", "deduplicated": True}], [True, False]),
        ([{"messageId": ""}, None, {"messageId": "c"}], [False, False]),
        ({"error": "no"}, [False, False]),
        (None, [False, False]),
    ],
)
def test_what_qstash_does_not_say_that_it_took_is_not_taken(
    answer: object, expected: list[bool]
) -> None:
    assert taken(answer, 2) == expected
