"""What is traced just now, for who makes a call or writes a log line. Nothing of OpenTelemetry is
loaded here: where nothing is traced, this is one look at a context variable."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from contextvars import ContextVar
from typing import Protocol

Attributes = Mapping[str, str | int | float | bool]

NOTHING: AbstractContextManager[None] = nullcontext()


class Call(Protocol):
    """A call that is under way: a span without any below it."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers with which a called service continues the trace: W3C Trace Context."""

    def end(self, attributes: Attributes | None = None) -> None: ...

    def fail(self, error: BaseException | str, attributes: Attributes | None = None) -> None:
        """It is over, and did not go well.

        Args:
            error: what was raised, or a word for what went wrong.
        """


class TraceScope(Protocol):
    """A part of a run that is traced, with what is called in it."""

    @property
    def trace_id(self) -> str:
        """32 hexadecimal digits."""

    def tell(self, attributes: Attributes) -> None:
        """Add attributes to the part itself."""

    def span(self, name: str, attributes: Attributes) -> AbstractContextManager[object]:
        """A part of it, in which further spans may stand."""

    def call(self, name: str, attributes: Attributes) -> Call | None:
        """A span for a call; None: the item or page has made too many already."""


CURRENT: ContextVar[TraceScope | None] = ContextVar("sluice_trace", default=None)
"""That of this task, and of those that it begins; None: nothing here is traced."""


def within(name: str, attributes: Attributes) -> AbstractContextManager[object]:
    """A span of what is done within, where it is traced."""
    scope = CURRENT.get()
    return NOTHING if scope is None else scope.span(name, attributes)


def current_trace() -> str | None:
    """Its id; None: nothing here is traced."""
    scope = CURRENT.get()
    return None if scope is None else scope.trace_id
