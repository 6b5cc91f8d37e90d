"""An OTLP/HTTP collector on a socket of this machine, and what it has received."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue

Values = dict[str, str | int | float | bool]


@dataclass(frozen=True)
class Span:
    """``parent``, ``id``: 16 hexadecimal digits; no parent is "". ``service``: of its resource."""

    name: str
    trace: str
    id: str
    parent: str
    kind: int
    attributes: Values
    failed: bool
    message: str
    began: int
    ended: int
    links: tuple[str, ...]
    service: str

    @property
    def item(self) -> object:
        return self.attributes.get("sluice.item")


@dataclass
class Collector:
    """
    Args:
        gate: whoever calls waits until it is set.
        status: of every answer.
    """

    status: int = 200
    gate: threading.Event = field(default_factory=threading.Event)
    port: int = 0
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def spans(self) -> list[Span]:
        return [span for body in list(self.bodies) for span in _spans_of(body)]

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]

    def below(self, parent: Span) -> list[Span]:
        return [span for span in self.spans if span.parent == parent.id]

    def above(self, span: Span) -> Span:
        [found] = [one for one in self.spans if one.id == span.parent]
        return found


@contextmanager
def collecting(*, status: int = 200, hangs: bool = False) -> Iterator[Collector]:
    """
    Args:
        hangs: it takes calls, and answers none before the end.
    """
    collector = Collector(status)
    if not hangs:
        collector.gate.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            collector.paths.append(self.path)
            collector.headers.append({name.lower(): told for name, told in self.headers.items()})
            collector.gate.wait()
            if collector.status == 200 and self.path.endswith("traces"):
                collector.bodies.append(body)
            self.send_response(collector.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield collector
    finally:
        collector.gate.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _spans_of(body: bytes) -> Iterator[Span]:
    told = ExportTraceServiceRequest.FromString(body)
    for resource in told.resource_spans:
        service = str(_values(resource.resource.attributes)["service.name"])
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Span(
                    span.name,
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    span.kind,
                    _values(span.attributes),
                    span.status.code == 2,
                    span.status.message,
                    span.start_time_unix_nano,
                    span.end_time_unix_nano,
                    tuple(link.trace_id.hex() for link in span.links),
                    service,
                )


def _values(attributes: Sequence[KeyValue]) -> Values:
    return {one.key: getattr(one.value, str(one.value.WhichOneof("value"))) for one in attributes}


def shape(collector: Collector, span: Span, of: Callable[[Span], str]) -> tuple[str, ...]:
    """The path from the root down to a span."""
    above = () if not span.parent else shape(collector, collector.above(span), of)
    return (*above, of(span))
