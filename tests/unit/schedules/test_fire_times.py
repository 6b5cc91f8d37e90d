"""When expressions are due: once for each time of the day, also when clocks are changed."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from app.workflows.schedules.fire_times import coming, fire_times, in_words, latest_fire, next_fire

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
# The day before each change; in spring a local hour is missing, in autumn one comes twice.
SPRING = {BERLIN: datetime(2026, 3, 28, tzinfo=UTC), NEW_YORK: datetime(2026, 3, 7, tzinfo=UTC)}
AUTUMN = {BERLIN: datetime(2026, 10, 24, tzinfo=UTC), NEW_YORK: datetime(2026, 10, 31, tzinfo=UTC)}
CHANGES = [(zone, begin) for of in (SPRING, AUTUMN) for zone, begin in of.items()]
BY_HOURS = [
    *(BERLIN, NEW_YORK, "UTC", "Africa/Cairo", "America/Havana", "America/Santiago"),
    *("Asia/Kolkata", "Antarctica/Troll", "Africa/Casablanca"),
]
"""Whose clocks change by whole hours."""
ZONES = [*BY_HOURS, "Australia/Lord_Howe"]


def within(expression: str, zone: str, begin: datetime, days: int) -> list[datetime]:
    end = begin + timedelta(days=days)
    return list(takewhile(lambda moment: moment < end, fire_times(expression, zone, begin)))


@pytest.mark.parametrize(("zone", "begin"), CHANGES)
@pytest.mark.parametrize("time", ["30 2", "0 2", "59 1", "0 3", "30 1", "0 0"])
def test_a_time_of_the_day_comes_once_on_each_day(zone: str, begin: datetime, time: str) -> None:
    local = begin.astimezone(ZoneInfo(zone)).replace(hour=12) - timedelta(days=2)
    fired = within(f"{time} * * *", zone, local.astimezone(UTC), 5)
    days = Counter(moment.astimezone(ZoneInfo(zone)).date() for moment in fired)
    assert len(fired) == 5
    assert set(days.values()) == {1}


@pytest.mark.parametrize(("zone", "begin"), SPRING.items())
def test_a_time_that_is_leapt_over_is_made_up_for_behind_the_leap(
    zone: str, begin: datetime
) -> None:
    leap = begin + timedelta(days=1)
    [moment] = [m for m in within("30 2 * * *", zone, begin, 3) if m.day == leap.day]
    assert f"{moment.astimezone(ZoneInfo(zone)):%H:%M}" == "03:00"


@pytest.mark.parametrize(("zone", "begin"), AUTUMN.items())
def test_of_a_time_that_comes_twice_the_first_is_meant(zone: str, begin: datetime) -> None:
    fired = [m.astimezone(ZoneInfo(zone)) for m in within("30 1 * * *", zone, begin, 3)]
    if zone == BERLIN:
        fired = [m.astimezone(ZoneInfo(zone)) for m in within("30 2 * * *", zone, begin, 3)]
    assert [moment.fold for moment in fired] == [0] * len(fired)
    # Asked between the two, the first is over and the second is none.
    day = next(m for m in fired if m.replace(fold=1).utcoffset() != m.utcoffset())
    between = day.astimezone(UTC) + timedelta(minutes=45)
    time = f"{day.minute} {day.hour} * * *"
    found = next_fire(time, zone, between)
    assert found is not None
    assert found.astimezone(ZoneInfo(zone)).date() == day.date() + timedelta(days=1)


@pytest.mark.parametrize(("zone", "begin"), CHANGES)
@pytest.mark.parametrize("expression", ["0 * * * *", "15 * * * *"])
def test_an_hourly_one_neither_stops_nor_hurries(
    zone: str, begin: datetime, expression: str
) -> None:
    fired = within(expression, zone, begin, 3)
    assert {later - former for former, later in pairwise(fired)} == {timedelta(hours=1)}
    assert len(fired) == 72 - (expression == "0 * * * *")


EXPRESSIONS = st.sampled_from(
    [
        *("0 3 * * *", "30 2 * * *", "0,30 1-3 * * *", "0 * * * *", "*/20 2 * * *", "5 */3 * * *"),
        *("0 0 * * *", "0 0 L * *", "*/7 * * * MON-FRI", "0 12 29 2 *"),
    ]
)
MOMENTS = st.integers(0, 4 * 366 * 24 * 60).map(
    lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


@settings(deadline=None)
@given(EXPRESSIONS, st.sampled_from(ZONES), MOMENTS)
def test_fire_times_only_move_on_and_do_not_depend_on_where_one_begins(
    expression: str, zone: str, after: datetime
) -> None:
    some = list(islice(fire_times(expression, zone, after), 4))
    assert after < some[0]
    assert all(former < later for former, later in pairwise(some))
    for former, later in pairwise(some):
        assert next_fire(expression, zone, former) == later
        assert next_fire(expression, zone, former + (later - former) / 2) == later


@settings(deadline=None)
@given(
    st.sampled_from(["0 * * * *", "*/20 2 * * *", "5 */3 * * *"]),
    st.sampled_from(BY_HOURS),
    MOMENTS,
)
def test_one_with_a_star_fires_whenever_the_local_clock_shows_it(
    expression: str, zone: str, after: datetime
) -> None:
    parsed = CronSim(expression, after)
    begin = after.replace(second=0, microsecond=0) + timedelta(minutes=1)
    minutes = [begin + timedelta(minutes=n) for n in range(26 * 60)]
    shown = [
        minute
        for minute in minutes
        if (local := minute.astimezone(ZoneInfo(zone))).minute in parsed.minutes
        and local.hour in parsed.hours
    ]
    until = minutes[-1]
    assert list(takewhile(lambda m: m <= until, fire_times(expression, zone, after))) == shown


@settings(deadline=None)
@given(EXPRESSIONS, st.sampled_from(ZONES), MOMENTS, st.timedeltas(timedelta(0), timedelta(40)))
def test_the_latest_is_the_last_that_has_passed(
    expression: str, zone: str, after: datetime, late: timedelta
) -> None:
    due = next_fire(expression, zone, after)
    assert due is not None
    now = due + late
    found = latest_fire(expression, zone, due, now)
    assert due <= found <= now
    following = next_fire(expression, zone, found)
    assert following is None or following > now


def test_after_ten_years_of_a_minutely_one_the_latest_is_found_at_once() -> None:
    due = datetime(2016, 1, 1, tzinfo=UTC)
    now = datetime(2026, 1, 1, 0, 0, 30, tzinfo=UTC)
    assert latest_fire("* * * * *", "UTC", due, now) == now.replace(second=0)


def test_what_is_coming_begins_with_what_is_due() -> None:
    due = datetime(2026, 10, 24, 0, 30, tzinfo=UTC)
    assert [f"{moment:%d %H:%M}" for moment in coming("30 2 * * *", BERLIN, due, 5)] == [
        *("24 00:30", "25 00:30", "26 01:30", "27 01:30", "28 01:30")
    ]


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("0 3 31 * *", "At 03:00 on the 31st day of every month"),
        ("0 3 22 * *", "At 03:00 on the 22nd day of every month"),
        (
            "0 3 11,13,21,23 * *",
            "At 03:00 on the 11th, the 13th, the 21st, and the 23rd day of month",
        ),
        ("*/22 * * * *", "Every 22nd minute of every hour"),
        ("0 3 30 * *", "At 03:00 on the 30th day of every month"),
    ],
)
def test_numbers_are_said_as_people_say_them(expression: str, words: str) -> None:
    assert in_words(expression) == words
