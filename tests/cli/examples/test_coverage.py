"""``sluice coverage``."""

from __future__ import annotations

import json
from datetime import date, timedelta

from app.cli.commands.families import in_words, percent, sparkline
from app.schemas.coverage import CoverageDayView
from tests.cli.command import Sluice

FAMILY = "welcome-placeholder"
FIRST = date(2026, 1, 1)


def day(after: int, with_result: int, eligible: int = 100) -> CoverageDayView:
    return CoverageDayView.model_validate(
        {
            "day": FIRST + timedelta(days=after),
            "eligible": eligible,
            "withResult": with_result,
            "exact": True,
        }
    )


def test_each_day_is_a_bar_and_one_that_was_not_recorded_is_as_the_one_before() -> None:
    assert sparkline([day(0, 0), day(1, 50), day(4, 100)]) == "▁▅▅▅█"
    assert sparkline([day(0, 50), day(1, 0, eligible=0), day(3, 100)]) == "▅  █"


def test_nothing_of_nothing_is_no_share() -> None:
    nothing = day(0, 0, eligible=0)
    assert (in_words(nothing), percent(nothing)) == ("0 of 0", "–")


def test_all_but_one_of_many_is_not_all() -> None:
    assert in_words(day(0, 9_999, eligible=10_000)) == "9,999 of 10,000 (99.9%)"


def test_it_shows_what_is_done_now_and_day_by_day(service: Sluice) -> None:
    before = service.run("coverage", FAMILY)
    assert (before.returncode, before.stderr) == (0, "")
    assert before.stdout.splitlines() == [
        "0 of 921 (0.0%) users have a result.",
        "No day has been recorded yet: the first is when a run ends.",
    ]
    assert service.run("run", FAMILY, "--limit", "15", "--watch").returncode == 0
    shown = service.run("coverage", FAMILY).stdout
    assert "15 of 921 (1.6%) users have a result." in shown
    assert "▁" in shown
    found = json.loads(service.run("coverage", FAMILY, "--json").stdout)
    assert found["now"] == {"eligible": 921, "withResult": 15, "exact": True}
    assert [one["withResult"] for one in found["days"]] == [15]
    paid = json.loads(service.run("coverage", FAMILY, "--param", "paidOnly=yes", "--json").stdout)
    assert paid["params"] == {"paidOnly": True}
    assert 0 < paid["now"]["eligible"] < 921
    assert "There is no family 'nope'" in service.refused("coverage", "nope")
