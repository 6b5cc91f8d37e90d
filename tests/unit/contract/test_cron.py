"""What a cron expression may say, and where one that is misspelt is wrong."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cronsim import CronSim, CronSimError
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import ConfigurationError
from app.workflows.contract.cron import Cron

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "expression",
    [
        *("* * * * *", "0 3 * * *", "*/5 * * * *", "0,30 9-17/2 * * MON-FRI", "5/10 * * * *"),
        *("0 0 L * *", "0 0 LW * *", "0 0 * * 5L", "0 0 * * mon#2", "0 0 1 jan *", "0 0 * * 7"),
        *("  0\t3 * * *  ", "0 0 29 2 *", "0 0 30 2 1", "00 03 * * *"),
    ],
)
def test_what_cron_knows_can_be_said(expression: str) -> None:
    assert Cron(expression).expression == expression
    next(CronSim(expression, NOON))


@pytest.mark.parametrize(
    ("expression", "position", "said"),
    [
        ("60 3 * * *", 1, "the minute must be 0 to 59, not '60'"),
        ("0 25 * * *", 3, "the hour must be 0 to 23, not '25'"),
        ("0 3 0 * *", 5, "the day of the month must be 1 to 31, not '0'"),
        ("0 3 * FEBR *", 7, "the month must be 1 to 12 or JAN to DEC, not 'FEBR'"),
        ("0 3 * * MOO", 9, "the day of the week must be 0 to 7 or SUN to SAT, not 'MOO'"),
        ("0   3 * * 8", 11, "the day of the week"),
        ("0 3 * * 1,2,x", 13, "not 'x'"),
        ("1,,2 3 * * *", 3, "not ''"),
        ("0 9-17/0 * * *", 3, "the hour must be 0 to 23, not '9-17/0'"),
        ("*/90 * * * *", 3, "the step of the minute must be 1 to 59, not '90'"),
        ("0 17-9 * * *", 3, "the hour must be 0 to 23, not '17-9'"),
        ("0 9- * * *", 3, "not '9-'"),
        ("0 3 * * 1#6", 9, "not '1#6'"),
        ("0 3 * * FRIL", 9, "not 'FRIL'"),
        ("0 3 L/2 * *", 6, "L has no step"),
        ("0 3 * *", 8, "day of the week is missing"),
        ("0 3", 4, "day of the month, month and day of the week are missing"),
        ("", 1, "missing"),
        ("0 0 3 * * *", 11, "'*' is one too many"),
        ("0 0 30 2 *", 5, "no date is '30' in these months"),
        ("0 0 31 4,6 *", 5, "it never comes"),
        ("@daily", 1, "not '@daily'"),
        ("٣ 3 * * *", 1, "not '٣'"),
        ("0 3 * * *" + " " * 200, 201, "200 at most"),
    ],
)
def test_a_misspelt_expression_is_refused_with_the_position_of_the_fault(
    expression: str, position: int, said: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Cron(expression)
    assert f", character {position}: " in refused.value.detail
    assert said in refused.value.detail
    assert (refused.value.field, refused.value.more) == ("expression", {"position": position})


@pytest.mark.parametrize(
    ("zone", "position", "alike"),
    [
        ("Europe/Berlim", 8, "Did you mean Europe/Berlin?"),
        ("Berlin", 1, "Did you mean Europe/Berlin?"),
        ("europe/berlin", 1, "Did you mean Europe/Berlin?"),
        ("America/Argentina/Buenos Aires", 19, "America/Argentina/Buenos_Aires"),
        ("Europe", 7, "Names are as Europe/Berlin."),
        ("Europe/", 8, "Names are as Europe/Berlin."),
        ("../../etc/passwd", 1, "there is no such time zone"),
        ("localtime", 1, "there is no such time zone"),
        ("", 1, "there is no such time zone"),
    ],
)
def test_a_zone_that_is_not_there_is_refused_with_those_that_are_like_it(
    zone: str, position: int, alike: str
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        Cron("0 3 * * *", tz=zone)
    assert f", character {position}: " in refused.value.detail
    assert alike in refused.value.detail
    assert (refused.value.field, refused.value.more) == ("tz", {"position": position})


VALUES = st.sampled_from([*"0123456789*,-/#Lw", "1", "MON", "JAN", "5L", "60", "31", "x"])
FIELDS = st.lists(VALUES, min_size=1, max_size=4).map("".join)


@settings(deadline=None)
@given(st.lists(FIELDS, min_size=4, max_size=6).map(" ".join) | st.text(max_size=20))
def test_what_is_accepted_can_be_fired_and_what_is_refused_has_a_position(text: str) -> None:
    position = _fault(text)
    if position is None:
        next(CronSim(text, NOON))
    else:
        assert 1 <= position <= len(text) + 1


def _fault(text: str) -> int | None:
    try:
        Cron(text)
    except ConfigurationError as refused:
        return int(str(refused.more["position"]))
    return None


STEPS = st.integers(1, 7)
NUMBERS = st.integers(1, 6)
PARTS = st.one_of(
    st.just("*"),
    NUMBERS.map(str),
    STEPS.map("*/{}".format),
    st.tuples(NUMBERS, NUMBERS).map(lambda ends: f"{ends[0]}-{ends[1]}"),
    st.lists(NUMBERS.map(str), min_size=1, max_size=3).map(",".join),
)


@settings(deadline=None)
@given(st.lists(PARTS, min_size=5, max_size=5).map(" ".join))
def test_of_plain_expressions_exactly_those_that_can_be_fired_are_accepted(text: str) -> None:
    try:
        CronSim(text, NOON)
    except CronSimError:
        assert _fault(text) is not None
    else:
        assert _fault(text) is None
