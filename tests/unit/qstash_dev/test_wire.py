"""What stands in headers: lengths of time, limits, retry delays, what an answer asks for."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.qstash_dev.delivery.courier import backoff
from app.qstash_dev.refusal import QStashRefusal
from app.qstash_dev.wire.answered_delay import answered_delay
from app.qstash_dev.wire.cron_times import CronTimes
from app.qstash_dev.wire.destinations import destination_of
from app.qstash_dev.wire.durations import parse_duration, parse_go_duration
from app.qstash_dev.wire.flow_limits import DeliveryRate, FlowLimits
from app.qstash_dev.wire.header_fields import HeaderFields
from app.qstash_dev.wire.instructions import Instructions

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC).timestamp()


@given(st.integers(0, 400), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99_999))
def test_a_duration_is_the_sum_of_its_parts(d: int, h: int, m: int, s: int) -> None:
    whole = d * 86_400 + h * 3_600 + m * 60 + s
    assert parse_duration(f"{d}d{h}h{m}m{s}s", "X") == whole
    assert parse_duration(f" {s}s ", "X") == s


@given(st.text(max_size=12))
@example("10")
@example("1.5s")
@example("-5s")
@example("5 s")
@example("٣s")  # a digit, elsewhere
@example("s")
def test_what_is_no_duration_is_refused(text: str) -> None:
    if re.fullmatch(r"([0-9]{1,12}[dhms])+", text.strip()):
        assert parse_duration(text, "Upstash-Delay") >= 0
    else:
        with pytest.raises(QStashRefusal, match="Upstash-Delay"):
            parse_duration(text, "Upstash-Delay")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("6m5s", 365.0), ("1.5h", 5_400.0), ("300ms", 0.3), ("2us", 2e-6), ("2µs", 2e-6),
        ("1h15m30.5s", 4_530.5), (".5s", 0.5), ("7ns", 7e-9),
        ("", None), ("5", None), ("1d", None), ("m5", None), ("5ss", None), ("-1s", None),
    ],
)  # fmt: skip
def test_a_destinations_duration_is_written_as_go_writes_it(
    text: str, seconds: float | None
) -> None:
    found = parse_go_duration(text)
    assert found == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "10"}, 10.0),
        ({"retry-after": "6m5s"}, 365.0),
        ({"retry-after": "Sun, 29 Nov 2026 12:16:24 GMT"}, 984.0),
        ({"retry-after": "Sun, 29 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "86400"}, 86_400.0),
        ({"retry-after": "86401"}, None),
        ({"retry-after": "Sun, 29 Nov 2027 12:16:24 GMT"}, None),
        ({"retry-after": "when it suits you"}, None),
        ({"x-ratelimit-reset": "30"}, 30.0),
        ({"x-ratelimit-reset-requests": "2m"}, 120.0),
        ({"x-ratelimit-reset-tokens": "1.5s"}, 1.5),
        ({"retry-after": "soon", "x-ratelimit-reset": "4"}, 4.0),
        ({"retry-after": "3", "x-ratelimit-reset": "4"}, 3.0),
        ({}, None),
    ],
)
def test_an_answer_says_when_to_come_again(headers: dict[str, str], seconds: float | None) -> None:
    assert answered_delay(headers, NOW) == seconds


@given(st.integers(0, 86_400))
def test_a_date_in_an_answer_is_as_good_as_its_seconds(seconds: int) -> None:
    date = format_datetime(datetime.fromtimestamp(NOW + seconds, UTC), usegmt=True)
    assert answered_delay({"retry-after": date}, NOW) == seconds


def test_limits_are_read_as_they_are_documented() -> None:
    assert FlowLimits.parse("parallelism=5, rate=10, period=1m") == FlowLimits(
        5, DeliveryRate(10, 60)
    )
    assert FlowLimits.parse("rate=3") == FlowLimits(None, DeliveryRate(3, 1))
    assert FlowLimits.parse("parallelism=2") == FlowLimits(2)


@pytest.mark.parametrize(
    "text",
    [
        "", "period=1m", "parallelism", "parallelism=", "parallelism=0", "parallelism=-1",
        "parallelism=two", "parallelism=1,parallelism=2", "rate=1,period=8d", "rate=1,period=0s",
        "rate=1,period=60", "speed=3", "rate=1.5",
    ],
)  # fmt: skip
def test_limits_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(QStashRefusal):
        FlowLimits.parse(text)


@pytest.mark.parametrize(
    ("path", "query", "destination"),
    [
        ("http://127.0.0.1:8000/a%20b", "x=1&y=%2F", "http://127.0.0.1:8000/a%20b?x=1&y=%2F"),
        ("https%3A%2F%2Fexample.com%2Fa", "", "https://example.com/a"),
        ("https://example.com/", "qstash_token=secret&a=1", "https://example.com/?a=1"),
        ("https://example.com/", "qstash_token=secret", "https://example.com/"),
        ("my-group", "", "my-group"),
    ],
)
def test_the_destination_is_the_rest_of_the_address(
    path: str, query: str, destination: str
) -> None:
    assert destination_of(path, query) == destination


def test_what_is_said_of_a_callback_is_read_as_if_it_were_a_message() -> None:
    told = Instructions.parse(
        HeaderFields(
            {
                "Upstash-Retries": "7",
                "Upstash-Callback": "https://example.com/done",
                "Upstash-Callback-Method": "PUT",
                "Upstash-Callback-Forward-X-One": "1",
                "Upstash-Callback-X-Two": "2",
                "Upstash-Failure-Callback": "https://example.com/failed",
                "Upstash-Failure-Callback-Retries": "2",
                "Upstash-Failure-Callback-Retry-Delay": "1000",
            }.items()
        )
    )
    assert told.callback is not None
    assert told.failure_callback is not None
    done, failed = told.callback.instructions, told.failure_callback.instructions
    assert (done.method, done.retries) == ("PUT", 7)
    assert dict(done.headers) == {"content-type": "application/json", "x-one": "1", "x-two": "2"}
    assert (failed.method, failed.retries) == ("POST", 2)
    assert failed.retry_delay is not None
    assert failed.retry_delay.seconds(5) == 1.0


@pytest.mark.parametrize("name", ["a b", "", "ü", "x:y", "a\nb"])
def test_a_name_that_no_header_has_is_refused(name: str) -> None:
    with pytest.raises(QStashRefusal):
        HeaderFields([(name, "1")])


@pytest.mark.parametrize("value", ["a\r\nEvil: 1", "\0", "x" * 20_000])
def test_a_value_that_no_header_has_is_refused(value: str) -> None:
    with pytest.raises(QStashRefusal):
        HeaderFields([("Upstash-Forward-X", value)])


def test_a_schedule_is_due_by_the_clock_of_its_zone() -> None:
    winter = datetime(2026, 12, 1, tzinfo=UTC).timestamp()
    summer = datetime(2026, 7, 1, tzinfo=UTC).timestamp()
    times = CronTimes.parse("CRON_TZ=America/New_York 0 4 * * *")
    assert times.after(winter) == winter + 9 * 3_600
    assert times.after(summer) == summer + 8 * 3_600
    assert CronTimes.parse("0 4 * * *").after(winter) == winter + 4 * 3_600


@pytest.mark.parametrize(
    "text",
    [
        "",
        "* * * *",
        "* * * * * *",
        "61 * * * *",
        "0 0 30 2 *",
        "CRON_TZ=Mars/Base * * * * *",
        "@daily",
    ],
)
def test_a_cron_expression_that_never_comes_is_refused(text: str) -> None:
    with pytest.raises(QStashRefusal):
        CronTimes.parse(text)


def test_the_documented_backoff_is_kept() -> None:
    assert [round(backoff(n)) for n in range(1, 7)] == [12, 148, 1_808, 22_026, 86_400, 86_400]
    assert math.isfinite(backoff(10_000))
