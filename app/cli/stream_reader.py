"""What a command follows of the service, through the service's absences."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from http import HTTPStatus
from typing import TypeVar

import httpx2

from app.cli.api_client import ApiClient, CallRefused
from app.errors import Unavailable
from sluice.calls.patience import Patience

PATIENCE = 60.0
"""Seconds without an answer after which following gives up."""

T = TypeVar("T")


class StreamReader:
    """Reads a stream of events, and asks beside it, as if the service were always there.

    A service that refuses because too much is asked is waited for from the first call on. One that
    does not answer is waited for only once it has: the address may be wrong.

    Args:
        say: takes the sentence that it waits, and the one that it waits no more.
        patience: seconds without an answer after which it gives up.
    """

    def __init__(
        self,
        api: ApiClient,
        say: Callable[[str], None] = lambda _: None,
        *,
        patience: float = PATIENCE,
    ) -> None:
        self._api = api
        self._say = say
        self._patience = Patience(patience, answered=api.answered)
        self._said_away = False

    def ask(self, call: Callable[[], T]) -> T:
        """What ``call`` returns, once it does.

        Raises:
            Unavailable: the service has been away for so long, or was not there at all.
            CallRefused: what would be refused again.
        """
        while True:
            try:
                answer = call()
            except (CallRefused, Unavailable) as error:
                self._wait(error)
            else:
                self._hear()
                return answer

    def messages(self, path: str) -> Generator[httpx2.ServerSentEvent, None, None]:
        """Each once, until there is nothing more to follow.

        Raises:
            Unavailable, CallRefused: as ``ask``.
        """
        last: str | None = None
        while True:
            try:
                with self._api.follow(path, last=last) as stream:
                    if stream is None:
                        return
                    for message in stream:
                        self._hear()
                        last = message.id or last
                        yield message
            except (CallRefused, Unavailable) as error:
                self._wait(error)
            else:
                time.sleep(self._patience.pause())

    def _hear(self) -> None:
        if self._said_away:
            self._say("The service answers again.")
        self._said_away = False
        self._patience.heard()

    def _wait(self, error: CallRefused | Unavailable) -> None:
        """Until the next try. Raises ``error`` where that would not help, or there were enough."""
        status, asked = None, 0.0
        if isinstance(error, CallRefused):
            status, asked = error.status, error.retry_after
        delay = self._patience.refused(status, asked)
        if delay is None:
            raise error
        if not self._said_away:
            self._said_away = True
            busy = status == HTTPStatus.TOO_MANY_REQUESTS
            trying = f"{error.detail} Trying" if busy else "The service does not answer; trying"
            self._say(f"{trying} again for {self._patience.seconds:g} s …")
        time.sleep(delay)
