"""The trace of one run, as those go on with it who do its work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Protocol

from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Tracer, set_span_in_context

from app.tracing.chosen import is_chosen
from app.tracing.current import NOTHING, Attributes
from app.tracing.scope import SpanRequest, opened, say_failed

MOST_RUNS = 1_000
"""Of which is kept how many failures were told."""


@dataclass(frozen=True, slots=True)
class SpanMaker:
    """Of one service. ``items``: of a run that are traced, about, and as many of its pages.
    ``failures``: attempts of each run that were told of other items, because they failed."""

    tracer: Tracer
    items: int
    failures: dict[str, int] = field(default_factory=dict)

    def tells_failure(self, run_id: str) -> bool:
        number = self.failures.pop(run_id, 0)
        while len(self.failures) >= MOST_RUNS:
            del self.failures[next(iter(self.failures))]
        self.failures[run_id] = number + (number < self.items)
        return number < self.items


@dataclass(frozen=True, slots=True)
class RunTrace:
    """
    Args:
        context: in which its spans stand: that of its start.
        total: items of the run, as far as is known.
    """

    maker: SpanMaker
    family: str
    run_id: str
    context: Context
    trace_id: str
    total: int

    def has(self, item_id: str) -> bool:
        return is_chosen(self.run_id, item_id, limit=self.maker.items, of=self.total)

    def process(self) -> AbstractContextManager[object]:
        return self._opened("process", SpanKind.CONSUMER, self.context)

    def page(self, cursor: str | None, size: int) -> AbstractContextManager[object]:
        """
        Args:
            size: of the family's pages.
        """
        pages, limit = self.total // size, self.maker.items
        if cursor is not None and not is_chosen(self.run_id, cursor, limit=limit, of=pages):
            return NOTHING
        return self._opened("page", SpanKind.CONSUMER, self.context)

    @contextmanager
    def chunk(self, began: int, items: int) -> Iterator[ChunkTrace]:
        """Around what is done for the items of one delivery, of which some are traced.

        Args:
            began: nanoseconds since 1970: when it came.
            items: how many there are.
        """
        request = self._request("chunk", SpanKind.CONSUMER, self.context, began)
        span = request.begin(self.maker.tracer)
        span.set_attribute("sluice.items", items)
        try:
            # Not current: it is that of items which are traced alone.
            yield ChunkTrace(self, set_span_in_context(span, self.context))
        except BaseException as error:
            say_failed(span, error)
            raise
        finally:
            span.end()

    def failed(self, item_id: str, attempt: int, outcome: AttemptOutcome) -> None:
        """An attempt at an item that is not traced. It is told all the same, without its calls, as
        long as there are not too many of them."""
        if self.maker.items and self.maker.tells_failure(self.run_id):
            request = self.item_request(item_id, attempt, self.context, outcome.started_us * 1000)
            span = request.begin(self.maker.tracer)
            ItemSpan(span).ended(outcome)
            span.end(outcome.finished_us * 1000)

    def item_request(
        self, item_id: str, attempt: int, context: Context, began: int | None = None
    ) -> SpanRequest:
        request = self._request("item", SpanKind.INTERNAL, context, began)
        more: Attributes = {"sluice.item": item_id, "sluice.attempt": attempt}
        return replace(request, attributes={**request.attributes, **more})

    def _opened(
        self, name: str, kind: SpanKind, context: Context
    ) -> AbstractContextManager[object]:
        return opened(self.maker.tracer, self._request(name, kind, context, None))

    def _request(
        self, name: str, kind: SpanKind, context: Context, began: int | None
    ) -> SpanRequest:
        attributes = {"sluice.family": self.family, "sluice.run": self.run_id}
        return SpanRequest(f"{name} {self.family}", kind, attributes, context, began=began)


class AttemptOutcome(Protocol):
    """``started_us``, ``finished_us``: Unix microseconds.

    ``error_class``: of what went wrong; None: nothing. Its sentence is told to nobody outside: a
    database's may quote the values of a statement."""

    @property
    def status(self) -> str: ...
    @property
    def started_us(self) -> int: ...
    @property
    def finished_us(self) -> int: ...
    @property
    def error_class(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class ChunkTrace:
    """Of one delivery, for those of its items that are traced."""

    run: RunTrace
    context: Context

    @contextmanager
    def item(self, item_id: str, attempt: int) -> Iterator[ItemSpan]:
        request = self.run.item_request(item_id, attempt, self.context)
        with opened(self.run.maker.tracer, request) as span:
            yield ItemSpan(span)


@dataclass(frozen=True, slots=True)
class ItemSpan:
    span: Span

    def ended(self, outcome: AttemptOutcome) -> None:
        self.span.set_attribute("sluice.status", str(outcome.status))
        if outcome.error_class is not None:
            say_failed(self.span, outcome.error_class)
