"""Where traces go, if the settings say so."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import structlog

from app.api.traces.run_traces import RunTraces
from app.errors import ConfigurationError, full_stop
from app.settings import Settings
from app.store.pools import Pools
from app.tracing.sql import traced_statements

if TYPE_CHECKING:  # it loads OpenTelemetry
    from app.tracing.service_tracing import Tracing

LONGEST_FLUSH = 5.0
"""Seconds that the end of a process waits for the collector."""

log = structlog.get_logger("sluice")


@asynccontextmanager
async def tracing_of(settings: Settings, pools: Pools) -> AsyncIterator[Tracing | None]:
    """What traces; None: nothing is traced. At the end, spans that are left are sent, if there is
    time."""
    if not settings.has_traces:
        yield None
        return
    # Here, because it takes long, and others need none of it.
    try:
        from app.composition.telemetry.span_export import SpanExport  # noqa: PLC0415

        export = SpanExport.to(settings)
    except ValueError as error:
        raise ConfigurationError(
            f"OpenTelemetry cannot be set up as its variables, OTEL_…, say: {full_stop(str(error))}"
        ) from None
    engines = (pools.own, pools.ledger, pools.called, pools.worked)
    try:
        with traced_statements(engines):
            yield export.tracing
    finally:
        try:
            await _within(min(LONGEST_FLUSH, settings.stop_timeout), export.close)
        finally:
            export.give_up()


def traces_of(settings: Settings, tracing: Tracing | None) -> RunTraces:
    return RunTraces(tracing, settings.trace_items, settings.trace_url)


async def _within(seconds: float, call: Callable[[], None]) -> None:
    """Call it in a thread of which nobody waits for the end: it may hang for as long as the
    collector does."""
    loop = asyncio.get_running_loop()
    over = asyncio.Event()

    def called() -> None:
        try:
            call()
        finally:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                loop.call_soon_threadsafe(over.set)

    threading.Thread(target=called, name="traces", daemon=True).start()
    try:
        async with asyncio.timeout(seconds):
            await over.wait()
    except TimeoutError:
        log.warning("traces_left_unsent", seconds=seconds)
