"""A span that is current, and the calls that are made in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanKind, StatusCode, Tracer, use_span

from app.redaction.redactor import redacted
from app.tracing.current import CURRENT, NOTHING, Attributes, Call

MOST_CALLS = 100
"""Steps, HTTP calls and statements of one item, or of one page, that have spans of their own: an
item that asks for a thousand rows one by one must not fill a trace."""
LONGEST = 2_000
"""Characters of a value."""


@dataclass(frozen=True, slots=True)
class SpanRequest:
    """``parent``: None: what is current. ``began``: nanoseconds since 1970; None: now."""

    name: str
    kind: SpanKind
    attributes: Attributes
    parent: Context | None = None
    links: Sequence[Link] = ()
    began: int | None = None

    def begin(self, tracer: Tracer) -> Span:
        return tracer.start_span(
            shown(self.name),
            self.parent,
            self.kind,
            _shown(self.attributes),
            self.links,
            self.began,
        )


@contextmanager
def opened(tracer: Tracer, request: SpanRequest) -> Iterator[Span]:
    """A span that is current within, for us and for what asks OpenTelemetry itself."""
    span = request.begin(tracer)
    scope = TracedScope(tracer, span) if span.is_recording() else None
    token = CURRENT.set(scope)
    try:
        with _current(span):
            yield span
    except BaseException as error:
        say_failed(span, error)
        raise
    finally:
        CURRENT.reset(token)
        if scope is not None and scope.left_out:
            span.set_attribute("sluice.calls_left_out", scope.left_out)
        span.end()


class TracedScope:
    """See ``TraceScope``."""

    __slots__ = ("_left", "_span", "_tracer", "left_out", "trace_id")

    def __init__(self, tracer: Tracer, span: Span) -> None:
        self._tracer = tracer
        self._span = span
        self._left = MOST_CALLS
        self.left_out = 0
        self.trace_id = f"{span.get_span_context().trace_id:032x}"

    def tell(self, attributes: Attributes) -> None:
        self._span.set_attributes(_shown(attributes))

    def span(self, name: str, attributes: Attributes) -> AbstractContextManager[object]:
        return self._step(name, attributes) if self._has_room() else NOTHING

    def call(self, name: str, attributes: Attributes) -> Call | None:
        if not self._has_room():
            return None
        return SpanCall(SpanRequest(name, SpanKind.CLIENT, attributes).begin(self._tracer))

    def _has_room(self) -> bool:
        if self._left > 0:
            self._left -= 1
            return True
        self.left_out += 1
        return False

    @contextmanager
    def _step(self, name: str, attributes: Attributes) -> Iterator[None]:
        span = SpanRequest(name, SpanKind.INTERNAL, attributes).begin(self._tracer)
        try:
            with _current(span):
                yield
        except BaseException as error:
            say_failed(span, error)
            raise
        finally:
            span.end()


@dataclass(frozen=True, slots=True)
class SpanCall:
    """See ``Call``."""

    span: Span

    @property
    def headers(self) -> Mapping[str, str]:
        context = self.span.get_span_context()
        headers = {"traceparent": traceparent_of(self.span)}
        if context.trace_state:
            headers["tracestate"] = context.trace_state.to_header()
        return headers

    def end(self, attributes: Attributes | None = None) -> None:
        if attributes is not None:
            self.span.set_attributes(_shown(attributes))
        self.span.end()

    def fail(self, error: BaseException | str, attributes: Attributes | None = None) -> None:
        say_failed(self.span, error)
        self.end(attributes)


def traceparent_of(span: Span) -> str:
    """W3C Trace Context, level 1: version, trace, span, flags."""
    its = span.get_span_context()
    return f"00-{its.trace_id:032x}-{its.span_id:016x}-{its.trace_flags:02x}"


def say_failed(span: Span, error: BaseException | str) -> None:
    """Its class, never what it says itself: nobody has looked whether that is fit to be shown."""
    word = error if isinstance(error, str) else type(error).__qualname__
    span.set_attribute("error.type", shown(word))
    span.set_status(StatusCode.ERROR)


def shown(text: str) -> str:
    """Without secrets, and no longer than a value may be."""
    return redacted(text)[:LONGEST]


def _shown(attributes: Attributes) -> Attributes:
    return {
        name: shown(value) if isinstance(value, str) else value
        for name, value in attributes.items()
    }


def _current(span: Span) -> AbstractContextManager[Span]:
    # What is raised through it is told by us: OpenTelemetry's way keeps its text and traceback.
    return use_span(span, record_exception=False, set_status_on_exception=False)
