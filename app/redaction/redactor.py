"""One that knows the secrets, and takes them out of a text however they are written in it."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from itertools import chain
from typing import Any, overload

from app.redaction.credentials import credentials
from app.redaction.escapes import decoded, may_escape, origins
from app.redaction.spellings import spellings

MARK = "[redacted]"
MOST_LEARNT = 400
"""Secrets of runs' params, and two of each target of notifications, of which there are a hundred at
most: those that were read last."""
SHORTEST_LEARNT = 8
"""Characters."""
_WORD = re.compile(r"[A-Za-z_]{,24}")
ROUNDS = 3
"""Escapes within escapes: a traceback quotes JSON that quotes a URL."""


class Redactor:
    """Called for errors, details and log lines, never for an item that succeeds. With ten secrets a
    line of 300 characters takes some 20 microseconds, a traceback of 2,000 some 60, and 8,000
    characters full of escapes 4 milliseconds.

    It does not find a secret that was cut in two, compressed or encrypted.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._known: set[str] = set()
        self._learnt: OrderedDict[str, frozenset[str]] = OrderedDict()
        self._needles: tuple[str, ...] = ()
        self.know(*secrets)

    def know(self, *secrets: str) -> None:
        """Redact these for as long as the process lives."""
        for secret in secrets:
            self._known |= spellings(secret)
        self._prepare()

    def learn(self, *secrets: object) -> None:
        """Until so many others have been learnt since. Cheap for those that it knows.

        Not what is short or a word: whoever may start a run could otherwise have words of our log
        taken out, or try by an answer whether a word is somebody's secret.
        """
        fresh = False
        for secret in _texts(secrets):
            if len(secret) < SHORTEST_LEARNT or _WORD.fullmatch(secret):
                continue
            if secret in self._learnt:
                self._learnt.move_to_end(secret)
                continue
            self._learnt[secret] = spellings(secret)
            fresh = True
            if len(self._learnt) > MOST_LEARNT:
                self._learnt.popitem(last=False)
        if fresh:
            self._prepare()

    def _prepare(self) -> None:
        self._needles = tuple(self._known.union(*self._learnt.values()))

    def holds(self, text: str) -> bool:
        """Whether there is something to take out."""
        return any(next(self._found(view), None) is not None for view in _views(text))

    def __call__(self, text: str) -> str:
        if not self.holds(text):
            return text
        spans: list[tuple[int, int]] = []
        places: list[tuple[int, int]] | None = None  # in the text, of each character of the view
        former = ""
        for view in _views(text):
            if former:
                inner = origins(former)
                places = inner if places is None else [
                    (places[start][0], places[end - 1][1]) for start, end in inner
                ]  # fmt: skip
            for start, end in self._found(view):
                whole = (start, end)
                spans.append(whole if places is None else (places[start][0], places[end - 1][1]))
            former = view
        return "".join(_without(text, sorted(spans)))

    def of(self, value: Any) -> Any:  # whatever a log line or a document holds
        """The value with each text in it redacted, also keys of mappings."""
        if isinstance(value, str):
            return self(value)
        if isinstance(value, Mapping):
            return {self.of(name): self.of(inner) for name, inner in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.of(inner) for inner in value]
        return value

    def _found(self, view: str) -> Iterator[tuple[int, int]]:
        for needle in self._needles:
            at = view.find(needle)
            while at >= 0:
                yield at, at + len(needle)
                at = view.find(needle, at + len(needle))
        yield from credentials(view)


IN_USE: ContextVar[Redactor | None] = ContextVar("sluice_redactor", default=None)
"""That of the service at work: set where it opens, where a delivery and where a call comes in."""


@overload
def redacted(text: str) -> str: ...
@overload
def redacted(text: None) -> None: ...
def redacted(text: str | None) -> str | None:
    """Redact with the redactor in use; if there is none, only what looks like a secret by its
    form."""
    return None if text is None else in_use()(text)


def in_use() -> Redactor:
    found = IN_USE.get()
    return Redactor() if found is None else found


def _views(text: str) -> Iterator[str]:
    """The text, and what it is once its escapes are undone, as often as that changes it."""
    yield text
    for _ in range(ROUNDS):
        if not may_escape(text):
            return
        clear = decoded(text)
        if clear == text:
            return
        yield clear
        text = clear


def _without(text: str, spans: Iterable[tuple[int, int]]) -> Iterator[str]:
    at = 0
    for start, end in spans:
        if start >= at:
            yield text[at:start]
            yield MARK
        at = max(at, end)
    yield text[at:]


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode(errors="replace")
    elif isinstance(value, Mapping):
        yield from chain.from_iterable(map(_texts, value.values()))
    elif isinstance(value, (list, tuple, set, frozenset)):
        yield from chain.from_iterable(map(_texts, value))
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield str(value)
