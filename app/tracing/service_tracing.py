"""The traces of a service. It loads OpenTelemetry: where nothing is configured, nobody needs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from opentelemetry.context import Context, attach, detach
from opentelemetry.trace import Link, SpanKind, Tracer, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from app.tracing.chosen import RunRow, items_of, trace_id_of
from app.tracing.current import CURRENT
from app.tracing.run_trace import RunTrace, SpanMaker
from app.tracing.scope import SpanRequest, opened, traceparent_of

_W3C = TraceContextTextMapPropagator()


class Tracing:
    """
    Args:
        items: of a run that are traced, about.
    """

    def __init__(self, tracer: Tracer, *, items: int) -> None:
        self._maker = SpanMaker(tracer, items)

    @contextmanager
    def started(
        self, family: str, run_id: str, *, is_part: bool, above: str | None = None
    ) -> Iterator[str | None]:
        """Around the start of a run. What is yielded belongs on its row: ``traceparent``, by which
        all that is done for the run goes on with its trace; None: the run is not traced.

        Args:
            is_part: of another run, with which it is traced, or not at all.
            above: the ``traceparent`` of that one; None: what is current is its.
        """
        inside = CURRENT.get() is not None
        if is_part and above is None and not inside:
            yield None
            return
        parent: Context | None = None
        links: Sequence[Link] = ()
        if above is not None:
            parent = _context_of(above)
        elif inside and not is_part:
            # Begun by a run that does not wait for it: a trace of its own, which names that one.
            parent, links = Context(), [Link(get_current_span().get_span_context())]
        attributes = {"sluice.family": family, "sluice.run": run_id}
        request = SpanRequest(f"start {family}", SpanKind.PRODUCER, attributes, parent, links)
        with opened(self._maker.tracer, request) as span:
            sampled = span.get_span_context().trace_flags.sampled
            yield traceparent_of(span) if sampled else None

    def of_run(self, run: RunRow) -> RunTrace | None:
        """The trace of a run; None: it is not traced."""
        if run.traceparent is None:
            return None
        context, trace_id = _context_of(run.traceparent), trace_id_of(run.traceparent)
        return RunTrace(self._maker, run.family, run.id, context, trace_id, items_of(run))

    @contextmanager
    def continued(self, headers: Mapping[str, str]) -> Iterator[None]:
        """Continue the caller's trace, which these headers name, for the length of the ``with``."""
        token = attach(_W3C.extract(headers, Context()))
        try:
            yield
        finally:
            detach(token)


def _context_of(traceparent: str) -> Context:
    return _W3C.extract({"traceparent": traceparent}, Context())
