"""What is counted and measured, where the settings let somebody scrape it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from app.api.metrics.page import MetricsPage
from app.engine import Engine
from app.metrics.loop_lag import watching_lag
from app.metrics.meter import WorkMeter
from app.settings import Settings
from app.store.pools import Pools
from app.workflows.contract.job_family import AnyFamily
from app.workflows.deferred.desk import BatchDesk
from app.workflows.monitoring.flow_limits import FlowLimitService
from app.workflows.monitoring.metrics import MetricsReadings
from app.workflows.monitoring.process_readings import ProcessReadings
from app.workflows.monitoring.service_readings import ServiceReadings


def meter_of(settings: Settings, families: Sequence[AnyFamily]) -> WorkMeter | None:
    """What counts items and times; None: nobody may scrape metrics, and nothing is counted.

    Raises:
        ConfigurationError: anybody could.
    """
    return WorkMeter([family.name for family in families]) if settings.has_metrics else None


def metrics_of(
    settings: Settings,
    meter: WorkMeter | None,
    pools: Pools,
    engine: Engine,
    flow: FlowLimitService,
    batches: BatchDesk,
) -> MetricsReadings | None:
    if meter is None:
        return None
    named = {
        "own": pools.own,
        "probes": pools.probes,
        "ledger": pools.ledger,
        "called": pools.called,
        "worked": pools.worked,
    }
    return MetricsReadings(
        ProcessReadings(meter, settings.engine, named),
        ServiceReadings(
            pools.own, engine, flow, meter.families, sorted(batches.collector.providers)
        ),
    )


def page_of(settings: Settings, metrics: MetricsReadings | None) -> MetricsPage | None:
    return None if metrics is None else MetricsPage(metrics, settings.metrics_token)


@asynccontextmanager
async def watching(meter: WorkMeter | None) -> AsyncIterator[None]:
    """Also what nobody tells the meter is measured."""
    if meter is None:
        yield
    else:
        with watching_lag(meter.loop_lag):
            yield
