"""How a run's progress is drawn, on a terminal and elsewhere."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime

import pytest
from rich.console import Console

from app.cli.output.console import when
from app.cli.output.progress import Bar, Lines
from app.cli.output.run_summary import cost, expected_cost, held_up_by, print_end
from app.schemas.runs import ActualView, CountersView, RunView, ThrottledView
from app.store.statuses import RunStage, RunStatus
from app.workflows.contract.run_options import RunOptions
from app.workflows.runs.expectation import Estimate

COUNTERS = CountersView.model_validate(
    {
        "totalEligible": 40, "toProcess": 40, "alreadyProcessed": 0, "exact": True,
        "scheduled": 40, "succeeded": 3, "skipped": 0, "failed": 1, "cancelled": 0, "timedOut": 1,
        "suspended": 0,
    }
)  # fmt: skip
RUN = RunView.model_construct(
    id="run_x",
    family="x",
    status=RunStatus.RUNNING,
    stage=RunStage.FULL,
    reason=None,
    detail=None,
    throttled=None,
    paused_keys=[],
    params={},
    entity=None,
    force=False,
    limit=None,
    item_ids=None,
    item_list=None,
    retry_of=None,
    parent=None,
    finish_of=None,
    follows=None,
    backfill_id=None,
    cursor=None,
    deadline_at=None,
    started_by="ops",
    counters=COUNTERS,
    options=RunOptions.model_construct(budget=None),
    estimate=None,
    actual=ActualView.model_construct(seconds=2.0, usd=0.0, tokens=0),
    ended=5,
    paged=True,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
    started_at=datetime(2026, 1, 1, tzinfo=UTC),
    finished_at=None,
)


def ran(seconds: float) -> ActualView:
    return ActualView.model_construct(seconds=seconds, usd=0.0, tokens=0)


def _console(*, terminal: bool) -> tuple[Console, io.StringIO]:
    file = io.StringIO()
    return Console(file=file, force_terminal=terminal, width=120, highlight=False), file


def test_a_change_of_status_is_a_line_at_once_and_a_change_of_counters_one_a_second() -> None:
    console, file = _console(terminal=False)
    with Lines(console) as shown:
        for run in (RUN, RUN, RUN.model_copy(update={"ended": 6})):
            shown.show(run)
        shown.show(RUN.model_copy(update={"status": "paused"}))
        shown.say("why\nit\x1b[31m paused")
    lines = file.getvalue().splitlines()
    assert [line.split()[0] for line in lines] == ["running", "paused", "why"]
    assert "5 of 40  3 succeeded, 2 failed, 0 skipped" in lines[0]
    assert "\x1b" not in lines[2]


def test_items_that_wait_are_told_and_are_no_work_that_is_left() -> None:
    console, file = _console(terminal=False)
    waiting = {"counters": COUNTERS.model_copy(update={"suspended": 25})}
    with Lines(console) as shown:
        shown.show(RUN.model_copy(update={"status": "pending", "ended": 0, "actual": ran(0.0)}))
        shown.show(RUN.model_copy(update=waiting))
        shown.show(RUN.model_copy(update={"status": "paused", **waiting}))
    first, line, _ = file.getvalue().splitlines()
    assert "wait" not in first
    assert "3 succeeded, 2 failed, 0 skipped, 25 wait" in line
    [told] = re.findall(r"(\d+) items/s, at least ([\d.]+) s left", line)
    rate, left = map(float, told)
    assert left == pytest.approx(10 / rate, rel=0.2)  # 40, less 5 that ended and 25 that wait


def test_a_pause_is_no_part_of_the_pace_of_the_last_seconds() -> None:
    console, file = _console(terminal=False)
    with Lines(console) as shown:
        shown.show(RUN.model_copy(update={"status": "pending", "ended": 0, "actual": ran(0.0)}))
        shown.show(RUN.model_copy(update={"status": "paused", "ended": 10, "actual": ran(1.0)}))
        # An hour later: what it ran has grown by a second.
        shown.show(RUN.model_copy(update={"ended": 20, "actual": ran(2.0)}))
    assert "  10 items/s" in file.getvalue().splitlines()[-1]


@pytest.mark.parametrize("terminal", [False, True])
def test_a_run_that_is_throttled_says_why_in_place_of_its_pace(*, terminal: bool) -> None:
    since = datetime(2026, 1, 1, tzinfo=UTC)
    told = ThrottledView(
        reason="lag of replica 7\x1b[31m", since=since, next_look=since, until=None
    )
    console, file = _console(terminal=terminal)
    with Bar(console) if terminal else Lines(console) as shown:
        shown.show(RUN.model_copy(update={"status": "pending", "throttled": told}))
    assert "throttled: lag of replica 7" in file.getvalue()
    assert "\x1b[31m\n" not in file.getvalue()


def test_a_run_whose_provider_wants_no_call_says_until_when() -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    told = ThrottledView(reason="429", since=moment, next_look=moment, until=moment)
    console, file = _console(terminal=False)
    with Lines(console) as shown:
        shown.show(RUN.model_copy(update={"throttled": told}))
    assert f"throttled until {when(moment)}: 429" in file.getvalue()


@pytest.mark.parametrize("terminal", [False, True])
def test_a_paused_flow_key_is_told_at_once_and_until_it_is_over(*, terminal: bool) -> None:
    told = "flow key x.execute is paused"
    console, file = _console(terminal=terminal)
    with Bar(console) if terminal else Lines(console) as shown:
        shown.show(RUN)
        shown.show(RUN.model_copy(update={"paused_keys": ["x.execute"]}))
        shown.show(RUN.model_copy(update={"paused_keys": ["x.execute"], "ended": 6}))
        if not terminal:
            lines = file.getvalue().splitlines()
            assert [told in line for line in lines] == [False, True]
            shown.show(RUN)
            assert told not in file.getvalue().splitlines()[2]
            return
    assert told in file.getvalue()


@pytest.mark.parametrize(
    ("run", "keys", "told"),
    [
        ({"status": "pending", "paged": False}, ["x.process"], "x.process"),
        ({"status": "pending", "paged": False}, ["x.paginate"], "x.paginate"),
        ({"status": "running", "paged": False}, ["x.paginate", "x.process"], "x.paginate"),
        ({"status": "running", "paged": False}, ["x.process"], None),
        ({"status": "running", "paged": True}, ["x.paginate", "x.process"], None),
        ({"status": "running", "paged": True}, ["shared", "x.execute"], "shared"),
        ({"status": "paused", "paged": True}, ["x.execute"], None),
    ],
)
def test_a_paused_flow_key_is_told_where_it_keeps_the_run_from_going_on(
    run: dict[str, object], keys: list[str], told: str | None
) -> None:
    held = held_up_by(RUN.model_copy(update={**run, "paused_keys": keys}))
    assert held == (told and f"flow key {told} is paused")


def test_on_a_terminal_a_sentence_stays_above_the_bar() -> None:
    console, file = _console(terminal=True)
    with Bar(console) as shown:
        shown.show(RUN)
        shown.say("12:00:00 paused (canary): look")
        shown.show(RUN.model_copy(update={"status": "paused"}))
    text = file.getvalue()
    assert "12:00:00 paused (canary): look" in text
    assert text.rindex("paused ") > text.index("look")


@pytest.mark.parametrize(
    ("seconds", "usd", "tokens", "words"),
    [
        (9.24, None, None, "9.2 s"),
        (185.0, 0.0, 0, "3 min 5 s"),
        (1.0, 0.00321, 1_500, "1.0 s, 0.00321 USD, 1,500 tokens"),
        (None, 1234.5, None, "1,234.50 USD"),
        (None, None, None, "unknown"),
    ],
)
def test_costs_are_named_where_there_are_any(
    seconds: float | None, usd: float | None, tokens: int | None, words: str
) -> None:
    assert cost(seconds, usd, tokens) == words


def test_at_least_is_said_of_the_time_alone() -> None:
    estimate = Estimate(seconds=6.4, basis="", usd=1.5)
    assert expected_cost(estimate) == "6.4 s, 1.50 USD"
    at_least = estimate.model_copy(update={"at_least": True})
    assert expected_cost(at_least) == "at least 6.4 s, about 1.50 USD"
    both = at_least.model_copy(update={"tokens": 1_500})
    assert expected_cost(both) == "at least 6.4 s, about 1.50 USD, about 1,500 tokens"
    time = at_least.model_copy(update={"usd": None})
    assert expected_cost(time) == "at least 6.4 s"


def test_the_end_compares_what_was_expected_with_what_it_took_and_says_where_to_look() -> None:
    estimate = Estimate.model_construct(
        seconds=3.0, basis="", usd=1.0, tokens=None, cost_basis=None, at_least=False
    )
    spent = ActualView.model_construct(seconds=4.0, usd=1.5, tokens=0)
    finished = datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC)
    ended = {"status": "partial", "finished_at": finished, "estimate": estimate, "actual": spent}
    console, file = _console(terminal=False)
    print_end(console, RUN.model_copy(update=ended))
    first, compared, hint = file.getvalue().splitlines()
    assert first == "run_x partial in 5.0 s, of which it ran 4.0 s, 1.2 items/s"
    assert compared == "Estimated: 3.0 s, 1.00 USD. Actual: 4.0 s, 1.50 USD."
    assert hint.endswith(" failures run_x")


def test_a_run_whose_finish_is_at_work_says_so() -> None:
    console, file = _console(terminal=False)
    with Lines(console) as shown:
        shown.show(RUN.model_copy(update={"stage": RunStage.FINISHING}))
    assert file.getvalue().rstrip().endswith("finishing")
