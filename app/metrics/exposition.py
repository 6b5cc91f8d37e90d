"""The formats of what is scraped: Prometheus' text, and OpenMetrics for who asks for it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator

from prometheus_client import ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar as ShownExemplar

from app.metrics.catalog import Kind, Metric
from app.metrics.instruments import Histogram, Reading

END = b"# EOF\n"
"""Of a document of OpenMetrics."""


async def scraped(readings: Iterable[Reading], accept: str) -> tuple[bytes, str]:
    """The document, and its content type. It is written a metric at a time, so that that of very
    many families holds up nothing else.

    Args:
        accept: what the header of this name says.
    """
    encode, content_type = choose_encoder(accept)
    parts: list[bytes] = []
    for reading in readings:
        parts.append(encode(_Families([_family(reading)])))
        await asyncio.sleep(0)
    parts.append(encode(_Families(ProcessCollector(registry=None).collect())))
    end = END if parts[-1].endswith(END) else b""
    return b"".join(part.removesuffix(END) for part in parts) + end, content_type


class _Families(Collector):
    def __init__(self, families: Iterable[Family]) -> None:
        self._families = families

    def collect(self) -> Iterable[Family]:
        return self._families


def _family(reading: Reading) -> Family:
    metric = reading.metric
    if metric.kind is Kind.HISTOGRAM:
        return _histogram(metric, reading)
    kind = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
    family = kind(metric.name, metric.text, labels=metric.labels)
    for labels, value in reading.values.items():
        assert not isinstance(value, Histogram)  # noqa: S101 - the metric's kind says so
        family.add_metric(labels, value)
    return family


def _histogram(metric: Metric, reading: Reading) -> Family:
    family = HistogramMetricFamily(metric.name, metric.text, labels=metric.labels)
    for labels, value in reading.values.items():
        assert isinstance(value, Histogram)  # noqa: S101 - the metric's kind says so
        if not any(value.counts):
            continue  # a dozen lines and more, of each family that has done nothing here
        family.add_metric(labels, list(_buckets(value)), value.total)
    return family


def _buckets(value: Histogram) -> Iterator[tuple[str, float] | tuple[str, float, ShownExemplar]]:
    number = 0
    bounds = [*(str(float(bound)) for bound in value.bounds), "+Inf"]
    for bound, count, kept in zip(bounds, value.counts, value.exemplars, strict=True):
        number += count
        if kept is None:
            yield bound, number
        else:
            labels = {"run": kept.run}
            if kept.trace is not None:
                labels["trace_id"] = kept.trace
            yield bound, number, ShownExemplar(labels, kept.value, kept.at)
