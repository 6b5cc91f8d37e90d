"""``sluice watch``: follow a run to its end, through its pauses and the service's absences."""

from __future__ import annotations

import asyncio

import httpx2
from rich.console import Console

from app.cli.answers import Event, OneRun, Progress, Run
from app.cli.client import AWAY, Api, Refused, open_api, run_path
from app.cli.console import open_console, print_json, program
from app.cli.ending import print_end
from app.cli.progress import Display, Silent, display
from app.errors import Unavailable
from app.settings import load_settings

PATIENCE = 60.0
_FIRST_DELAY, _LONGEST_DELAY = 0.25, 2.0
_UNTOLD = frozenset({"created", "begun", "ended"})
"""Kinds of events that the progress itself shows."""


def watch_run(run_id: str, *, as_json: bool) -> int:
    """The exit code."""
    return asyncio.run(_watch(run_id, as_json=as_json))


async def _watch(run_id: str, *, as_json: bool) -> int:
    async with open_api(load_settings()) as api:
        return await follow(api, open_console(), run_id, as_json=as_json)


async def follow(api: Api, console: Console, run_id: str, *, as_json: bool) -> int:
    """Watch, and tell how it ended. Returns the exit code."""
    try:
        with Silent() if as_json else display(console) as shown:
            ended = await watch(api, run_id, shown)
    except asyncio.CancelledError:  # Ctrl-C
        if not as_json:
            console.print(f"The run goes on. Follow it again with: {program()} watch {run_id}")
        raise
    if as_json:
        print_json(console, await api.get(run_path(run_id)))
    else:
        print_end(console, ended)
    return 0 if ended.status == "succeeded" else 1


async def watch(api: Api, run_id: str, shown: Display, *, patience: float = PATIENCE) -> Run:
    """Follow the run until it has ended. Returns it as it ended.

    Args:
        patience: seconds without an answer after which watching gives up.

    Raises:
        Unavailable: the service has been away for so long.
        Refused: there is no such run.
    """
    watcher = _Watcher(api, run_id, shown, patience)
    await watcher.look()
    while True:
        try:
            if await watcher.follow():
                return await watcher.look()
        except Unavailable as error:
            await watcher.wait(error)
        except Refused as error:
            if error.status not in AWAY:
                raise
            await watcher.wait(error)
        else:
            await watcher.wait(None)


class _Watcher:
    def __init__(self, api: Api, run_id: str, shown: Display, patience: float) -> None:
        self._api = api
        self._path = run_path(run_id)
        self._shown = shown
        self._patience = patience
        self._run: Run | None = None
        self._last: str | None = None
        self._away_since: float | None = None
        self._said_away = False
        self._delay = _FIRST_DELAY
        self._told_how_to_resume = False
        self._told_who_waits = False

    async def look(self) -> Run:
        self._run = self._api.read(OneRun, await self._api.get(self._path)).run
        self._shown.show(self._run)
        return self._run

    async def follow(self) -> bool:
        """Until the run has ended; False: the stream broke off."""
        async with self._api.follow(f"{self._path}/events", last=self._last) as stream:
            if stream is None:
                return True
            async for message in stream:
                self._answers()
                self._last = message.id or self._last
                if message.event == "ended":
                    return True
                self._take(message)
        return False

    async def wait(self, error: Refused | Unavailable | None) -> None:
        """Until the next try. Raises ``error`` when there were enough."""
        now = asyncio.get_running_loop().time()
        self._away_since = self._away_since or now
        if error is not None:
            if now - self._away_since > self._patience:
                raise error
            if not self._said_away:
                self._said_away = True
                self._shown.say(
                    f"The service does not answer; trying again for {self._patience:g} s …"
                )
        await asyncio.sleep(self._delay)
        self._delay = min(2 * self._delay, _LONGEST_DELAY)

    def _answers(self) -> None:
        if self._said_away:
            self._shown.say("The service answers again.")
        self._away_since, self._said_away, self._delay = None, False, _FIRST_DELAY

    def _take(self, message: httpx2.ServerSentEvent) -> None:
        if message.event == "progress" and self._run is not None:
            self._run = self._run.gone_on(self._api.read(Progress, message.data.encode()))
            self._shown.show(self._run)
            self._tell_how_to_resume(self._run)
            self._tell_who_waits(self._run)
        elif message.event not in _UNTOLD:
            event = self._api.read(Event, message.data.encode())
            if event.kind == "paused":
                self._told_how_to_resume = False
            self._shown.say(_sentence(event))
            sample = (event.data or {}).get("sample")
            if isinstance(sample, list) and sample:
                self._shown.say(f"For example: {', '.join(str(one) for one in sample[:3])}")

    def _tell_how_to_resume(self, run: Run) -> None:
        """Once for each pause, and not for one of long ago."""
        if run.status == "paused" and not self._told_how_to_resume:
            self._told_how_to_resume = True
            for sentence in _ways_on(run):
                self._shown.say(sentence)

    def _tell_who_waits(self, run: Run) -> None:
        """Once, when nothing else is left: it may be for time, and then nobody need do anything."""
        waiting = run.counters.suspended
        if waiting and run.total == run.ended + waiting and not self._told_who_waits:
            self._told_who_waits = True
            self._shown.say(f"All that is left waits. See: {program()} suspended {run.id}")


def _sentence(event: Event) -> str:
    why = "" if event.reason is None else f" ({event.reason})"
    by = "" if event.who == "sluice" else f" by {event.who}"
    detail = "" if event.detail is None else f": {event.detail}"
    retried = f" by {event.data.get('runId')}" if event.kind == "retried" and event.data else ""
    if event.kind == "answered" and event.data:
        detail = f": {event.data.get('itemId')}, {event.data.get('step')}"
    return f"{event.at.astimezone():%H:%M:%S} {event.kind}{retried or by}{why}{detail}"


def _ways_on(run: Run) -> list[str]:
    if run.reason == "approval":
        return [
            "It waits for an approval, and nothing of it has begun.",
            f"Approve it with: {program()} approve {run.id}",
        ]
    return [f"Go on with: {program()} resume {run.id}{_needed(run)}"]


def _needed(run: Run) -> str:
    """The option without which the run would not go on."""
    if run.reason != "budget" or run.options.budget is None:
        return ""
    return " --budget-usd N" if run.options.budget.usd is not None else " --budget-tokens N"
