"""OpenTelemetry's SDK, as the settings want it. Spans go out in batches, from a thread of its own;
where the collector is slow or away, those that find no room are dropped, and nobody waits."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.util.re import parse_env_headers

from app import SERVICE, __version__
from app.connections.faults import fault
from app.errors import Unavailable
from app.settings import Settings
from app.tracing.service_tracing import Tracing

NOBODY = "unknown_service"
"""So begins the name that the SDK gives to a service which has none."""


@dataclass(frozen=True, slots=True)
class SpanExport:
    provider: TracerProvider
    exporter: TellingExporter
    tracing: Tracing

    @classmethod
    def to(cls, settings: Settings) -> Self:
        exporter = TellingExporter(
            OTLPSpanExporter(
                settings.traces_to,
                headers=parse_env_headers(settings.trace_headers, liberal=True),
            )
        )
        provider = TracerProvider(resource=_resource(settings), shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(exporter))
        tracer = provider.get_tracer("sluice", __version__)
        return cls(provider, exporter, Tracing(tracer, items=settings.trace_items))

    def close(self) -> None:
        """Send what is left, which may take half a minute."""
        self.provider.shutdown()

    def give_up(self) -> None:
        """Let what is being sent be tried no more."""
        self.exporter.shutdown()


class TellingExporter(SpanExporter):
    """Says when spans do not arrive, seldom while that lasts, and when they do again."""

    def __init__(self, exporter: SpanExporter) -> None:
        self._exporter = exporter
        self._fault = fault("sluice", "traces_not_sent")
        self._open = True
        self._refusals = _Refusals.of_exporter()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        if result is SpanExportResult.SUCCESS:
            self._fault.over()
        else:
            status = self._refusals.status
            why = "does not answer" if status is None else f"answers {status}"
            self._fault.seen(Unavailable(f"The collector {why}: spans are lost."))
        return result

    def shutdown(self) -> None:
        if self._open:
            self._open = False
            self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)


class _Refusals(logging.Handler):
    """Hears what the exporter says of each batch that does not arrive, and keeps the status."""

    def __init__(self) -> None:
        super().__init__()
        self.status: object = None

    @classmethod
    def of_exporter(cls) -> Self:
        logger = logging.getLogger(OTLPSpanExporter.__module__)
        logger.propagate = False  # a line for each try would fill the log
        for former in logger.handlers:
            logger.removeHandler(former)
        heard = cls()
        logger.addHandler(heard)
        return heard

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR:
            told = record.args if isinstance(record.args, tuple) else ()
            self.status = told[1] if len(told) == 3 else None  # of what, status, reason


def _resource(settings: Settings) -> Resource:
    found = Resource.create({"service.version": __version__})
    name = settings.otel_service_name
    if name is None and str(found.attributes.get(SERVICE_NAME, NOBODY)).startswith(NOBODY):
        name = SERVICE
    return found if name is None else found.merge(Resource({SERVICE_NAME: name}))
