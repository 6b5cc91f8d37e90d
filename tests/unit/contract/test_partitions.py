"""Partitions: which begin between two moments."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import ConfigurationError
from app.workflows.contract.partitions import MOST_PARTITIONS, Partitioning
from app.workflows.family import Daily, FamilyParams, Hourly, Monthly, Partition
from app.workflows.registry.discovery import collect_families
from tests.support.families import Recording
from tests.workflows.backfills.cut import ByDay, moment

since_1971 = st.integers(0, 7_000_000_000).map(
    lambda seconds: datetime.fromtimestamp(31_536_000 + seconds, UTC)
)


def keys(cut: Partitioning, since: str, until: str) -> list[str]:
    return [partition.key for partition in cut(moment(since), moment(until))]


def test_days_begin_within_and_the_end_is_not_included() -> None:
    assert keys(Daily(), "2026-02-27", "2026-03-02") == ["2026-02-27", "2026-02-28", "2026-03-01"]
    assert keys(Daily(), "2026-02-27T00:01", "2026-02-28T00:01") == ["2026-02-28"]
    assert keys(Daily(), "2026-02-27T05:00", "2026-02-27T23:00") == []
    assert Daily("at")(moment("2026-02-27"), moment("2026-02-28")) == [
        Partition("2026-02-27", {"at": date(2026, 2, 27)})
    ]


def test_hours_and_months_likewise() -> None:
    assert keys(Hourly(), "2026-01-01T22:30", "2026-01-02T01:00") == [
        "2026-01-01T23Z",
        "2026-01-02T00Z",
    ]
    assert keys(Monthly(), "2025-11-02", "2026-02-01") == ["2025-12", "2026-01"]
    assert keys(Monthly(), "2024-02-01", "2024-03-02") == ["2024-02", "2024-03"]


@given(
    since_1971, st.timedeltas(timedelta(), timedelta(days=40)), st.sampled_from([Daily(), Hourly()])
)
def test_what_is_cut_in_two_is_the_same_as_what_is_cut_at_once(
    since: datetime, length: timedelta, cut: Partitioning
) -> None:
    middle = since + length / 3
    until = since + length
    assert [*cut(since, middle), *cut(middle, until)] == list(cut(since, until))


def test_no_more_are_made_than_one_backfill_may_have() -> None:
    assert len(Hourly()(moment("1970-01-01"), moment("2200-01-01"))) == MOST_PARTITIONS + 1


def test_a_family_that_is_cut_by_a_param_that_it_lacks_is_refused() -> None:
    class Without(Recording):
        params = FamilyParams
        partitions = Daily()

    with pytest.raises(ConfigurationError, match="cut in partitions by 'day'"):
        collect_families([("without.py", Without())])
    assert list(collect_families([("by_day.py", ByDay())])) == ["by-day"]
