"""``sluice watch``: follow a run to its end or a pause, through the service's absences."""

from __future__ import annotations

import shlex
from contextlib import closing
from typing import Any

import httpx2
import typer
from rich.console import Console

from app.cli.api_client import ApiClient, CallRefused, Reply, open_api
from app.cli.options import Following, Json, RunId, ThroughPauses, following
from app.cli.output.console import open_console, print_json, program
from app.cli.output.progress import Display, Silent, display
from app.cli.output.run_summary import cost, paused_key, print_end, total_of
from app.cli.paths import item_path, run_path
from app.cli.stream_reader import PATIENCE, StreamReader
from app.schemas.events import EventView, ProgressView
from app.schemas.items import ItemAnswer, ItemsAnswer, SuspendedAnswer
from app.schemas.runs import RunAnswer, RunView

_UNTOLD = frozenset({"created", "begun", "ended"})
"""Kinds of events that the progress itself shows."""
PAUSED = 3
"""The exit code where a run that was followed waits for somebody."""


commands = typer.Typer()


@commands.command()
def watch(run_id: RunId, *, through_pauses: ThroughPauses = False, as_json: Json = False) -> None:
    """Follow a run: exit 0 when it succeeds, 1 when it does not, 3 when it pauses. Ctrl-C leaves it
    as it is."""
    how = following(watch=True, through_pauses=through_pauses)
    with open_api() as api:
        raise typer.Exit(follow(api, open_console(), run_id, how, as_json=as_json))


def tell_start(
    api: ApiClient,
    console: Console,
    started: Reply[Any],  # of whichever call starts a run
    run_id: str,
    follow_it: Following,
    *,
    as_json: bool,
    over: str = "",
) -> int:
    """Say that a run was started, and follow it if that is asked for. Returns the exit code.

    Args:
        over: what it was started over, with a blank before it.
    """
    if not as_json:
        verb = "An earlier call with this key had started" if started.replayed else "Started"
        hint = "" if follow_it else f" Follow it with: {program()} watch {run_id}"
        console.print(f"{verb} {run_id}{over}.{hint}")
    elif not follow_it:
        print_json(console, started.raw)
    return follow(api, console, run_id, follow_it, as_json=as_json) if follow_it else 0


def follow(api: ApiClient, console: Console, run_id: str, how: Following, *, as_json: bool) -> int:
    """Watch, and tell how it ended. Returns the exit code."""
    try:
        with Silent() if as_json else display(console) as shown:
            through_pauses = how is Following.THROUGH_PAUSES
            ended = watch_run(api, run_id, shown, through_pauses=through_pauses)
    except KeyboardInterrupt:
        if not as_json:
            console.print(f"The run goes on. Follow it again with: {program()} watch {run_id}")
        raise
    if as_json:
        print_json(console, StreamReader(api).ask(lambda: api.get(RunAnswer, run_path(run_id))).raw)
    elif ended.status == "paused":
        console.print(f"Then follow it again with: {program()} watch {run_id}")
    else:
        print_end(console, ended)
    if ended.status == "paused":
        return PAUSED
    return 0 if ended.status == "succeeded" else 1


def watch_run(
    api: ApiClient,
    run_id: str,
    shown: Display,
    *,
    through_pauses: bool = False,
    patience: float = PATIENCE,
) -> RunView:
    """Follow the run until it has ended, or is paused. Returns it as it stands then.

    Args:
        through_pauses: wait until somebody resumes it.
        patience: seconds without an answer after which watching gives up.

    Raises:
        Unavailable: the service has been away for so long, or was not there at all.
        CallRefused: there is no such run.
    """
    return _Watcher(StreamReader(api, shown.say, patience=patience), api, run_id, shown).follow(
        through_pauses=through_pauses
    )


class _Watcher:
    def __init__(self, reader: StreamReader, api: ApiClient, run_id: str, shown: Display) -> None:
        self._reader = reader
        self._api = api
        self._path = run_path(run_id)
        self._shown = shown
        self._run: RunView | None = None
        self._told_how_to_resume = False
        self._told_who_waits = False
        self._told_key: str | None = None

    def follow(self, *, through_pauses: bool) -> RunView:
        """Until the run has ended or is paused, and as it stands then."""
        self._look()
        with closing(self._reader.messages(f"{self._path}/events")) as messages:
            for message in messages:
                if message.event == "ended":
                    break
                run = self._take(message)
                if run is not None and run.status == "paused" and not through_pauses:
                    return run
        return self._look()

    def _look(self) -> RunView:
        self._run = self._reader.ask(lambda: self._api.get(RunAnswer, self._path)).found.run
        self._shown.show(self._run)
        return self._run

    def _take(self, message: httpx2.ServerSentEvent) -> RunView | None:
        """The run, where the message tells how it stands."""
        if message.event == "progress" and self._run is not None:
            self._run = _gone_on(self._run, self._api.read(ProgressView, message.data))
            self._shown.show(self._run)
            self._tell_how_to_resume(self._run)
            self._tell_who_waits(self._run)
            self._tell_paused_key(self._run)
            return self._run
        if message.event not in _UNTOLD:
            event = self._api.read(EventView, message.data)
            self._shown.say(_sentence(event))
            sample = (event.data or {}).get("sample")
            if isinstance(sample, list) and sample:
                self._shown.say(f"For example: {', '.join(str(one) for one in sample[:3])}")
        return None

    def _tell_how_to_resume(self, run: RunView) -> None:
        """Once for each pause, and not for one of long ago, of which there is only an event."""
        if run.status != "paused":
            self._told_how_to_resume = False
        elif not self._told_how_to_resume:
            self._told_how_to_resume = True
            for sentence in _ways_on(run):
                self._shown.say(sentence)

    def _tell_paused_key(self, run: RunView) -> None:
        """Once for each pause: that it is paused, and when it is over, stands in the progress."""
        key = paused_key(run)
        if key is not None and key != self._told_key:
            self._shown.say(f"Let {key} go on with: {program()} flow resume {shlex.quote(key)}")
        self._told_key = key

    def _tell_who_waits(self, run: RunView) -> None:
        """Once, when nothing else is left: it may be for time, and then nobody need do anything."""
        waiting = run.counters.suspended
        if waiting and total_of(run) == run.ended + waiting and not self._told_who_waits:
            self._told_who_waits = True
            try:
                told = self._reader.ask(lambda: _what_waits(self._api, run.id))
            except CallRefused:  # it is only advice
                told = "All that is left waits."
            self._shown.say(told)


def _what_waits(api: ApiClient, run_id: str) -> str:
    """With where to look: what a person can do about it comes first."""
    if api.get(SuspendedAnswer, run_path(run_id, "suspended"), limit=1).found.suspended:
        return f"All that is left waits. See: {program()} suspended {run_id}"
    path = run_path(run_id, "items")
    items = api.get(ItemsAnswer, path, status="suspended", limit=1).found.items
    if not items:
        return "All that is left waits."  # one goes on just now
    item_id = items[0].item_id
    steps = api.get(ItemAnswer, item_path(run_id, item_id)).found.steps
    if any(step.kind == "deferred" and step.status == "waiting" for step in steps):
        return f"What is left waits, some for a provider's batch. See: {program()} batches --open"
    return f"All that is left waits. See: {program()} item {run_id} {shlex.quote(item_id)}"


def _gone_on(run: RunView, progress: ProgressView) -> RunView:
    return run.model_copy(
        update={name: getattr(progress, name) for name in ProgressView.model_fields}
    )


def _sentence(event: EventView) -> str:
    why = "" if event.reason is None else f" ({event.reason})"
    by = "" if event.who == "sluice" else f" by {event.who}"
    detail = "" if event.detail is None else f": {event.detail}"
    retried = f" by {event.data.get('runId')}" if event.kind == "retried" and event.data else ""
    if event.kind == "answered" and event.data:
        detail = f": {event.data.get('itemId')}, {event.data.get('step')}"
    return f"{event.at.astimezone():%H:%M:%S} {event.kind}{retried or by}{why}{detail}"


def _ways_on(run: RunView) -> list[str]:
    if run.reason == "approval":
        return [
            "It waits for an approval, and nothing of it has begun.",
            f"Approve it with: {program()} approve {run.id}",
        ]
    spent = ""
    if run.reason == "budget":
        spent = f"It has spent {cost(None, run.actual.usd, run.actual.tokens)} so far. "
    return [f"{spent}Go on with: {program()} resume {run.id}{_needed(run)}"]


def _needed(run: RunView) -> str:
    """The option without which the run would not go on."""
    if run.reason != "budget" or run.options.budget is None:
        return ""
    return " --budget-usd N" if run.options.budget.usd is not None else " --budget-tokens N"
