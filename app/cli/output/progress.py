"""A run's progress: a bar on a terminal, a line a second elsewhere."""

from __future__ import annotations

import time
from collections import deque
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from app.cli.output.console import duration, number, printable
from app.cli.output.run_summary import held_up_by, total_of
from app.schemas.runs import RunView

_LINE_EVERY = 1.0
_PACE_OVER = 5.0


class Display(AbstractContextManager["Display"], Protocol):
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """There is nothing to end."""
        return

    def show(self, run: RunView) -> None: ...

    def say(self, sentence: str) -> None:
        """Beside the progress, to stay."""


def display(console: Console) -> Display:
    return Bar(console) if console.is_terminal else Lines(console)


class Pace:
    """Items per second over the last seconds in which the run ran: a pause is no slowness."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def note(self, run: RunView) -> float:
        now, ended = run.actual.seconds, run.ended
        self._seen.append((now, ended))
        while len(self._seen) > 2 and now - self._seen[1][0] >= _PACE_OVER:
            self._seen.popleft()
        since, before = self._seen[0]
        return (ended - before) / (now - since) if now > since else 0.0


class Bar:
    def __init__(self, console: Console) -> None:
        self._pace = Pace()
        self._progress = Progress(
            TextColumn("{task.fields[status]:<10}"),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[done]}"),
            TextColumn("{task.fields[outcomes]}", style="dim"),
            TextColumn("{task.fields[pace]}", markup=False),
            console=console,
        )
        self._task = self._progress.add_task(
            "", total=None, status="pending", done="", outcomes="", pace=""
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def show(self, run: RunView) -> None:
        self._progress.update(
            self._task,
            completed=run.ended,
            total=total_of(run),
            status=run.status,
            done=_done(run),
            outcomes=_outcomes(run),
            pace=_pace(run, self._pace.note(run)),
        )

    def say(self, sentence: str) -> None:
        self._progress.console.print(printable(sentence))


class Lines(Display):
    def __init__(self, console: Console) -> None:
        self._console = console
        self._pace = Pace()
        self._next = 0.0
        self._told: tuple[str, str | None] | None = None

    def show(self, run: RunView) -> None:
        now = time.monotonic()
        rate = self._pace.note(run)
        # A run that stands still shows no more, and so not later either.
        told = (run.status, held_up_by(run))
        if now < self._next and told == self._told:
            return
        self._next, self._told = now + _LINE_EVERY, told
        parts = [f"{run.status:<10}", _done(run), _outcomes(run), _pace(run, rate)]
        self._console.print("  ".join(part for part in parts if part))

    def say(self, sentence: str) -> None:
        self._console.print(printable(sentence))


class Silent(Display):
    """For scripts."""

    def show(self, run: RunView) -> None:
        pass

    def say(self, sentence: str) -> None:
        pass


def _done(run: RunView) -> str:
    total = total_of(run)
    return f"{number(run.ended)} of {'?' if total is None else number(total)}"


def _outcomes(run: RunView) -> str:
    counters = run.counters
    # A timeout is a failure to whoever watches.
    parts = [
        (counters.succeeded, "succeeded"),
        (counters.failed + counters.timed_out, "failed"),
        (counters.skipped, "skipped"),
        (counters.cancelled, "cancelled"),
        (counters.suspended, "waits" if counters.suspended == 1 else "wait"),
    ]
    always = ("succeeded", "failed", "skipped")
    return ", ".join(f"{number(n)} {word}" for n, word in parts if n or word in always)


def _pace(run: RunView, rate: float) -> str:
    if (instead := held_up_by(run)) is not None:
        return instead
    if run.status != "running" or rate <= 0:
        return ""
    # Nobody knows how long an item waits: for a person, or until its partition has room.
    total, waiting = total_of(run), run.counters.suspended
    to_do = 0 if total is None else total - run.ended - waiting
    least = "at least " if waiting else ""
    left = f", {least}{duration(to_do / rate)} left" if to_do > 0 else ""
    return f"{rate:,.0f} items/s{left}"
