"""Every metric, from ``app.metrics.catalog``."""

from __future__ import annotations

from collections.abc import Iterable

from app.metrics.catalog import METRICS, Metric
from docs.generate.markdown import code, table


def metrics() -> str:
    return "".join(
        [
            "## Of each process\n\n",
            _table(one for one in METRICS if not one.shared),
            "## Of the service\n\n",
            _table(one for one in METRICS if one.shared),
        ]
    )


def _table(some: Iterable[Metric]) -> str:
    return table(
        ["metric", "kind", "labels", "what it says"],
        [[code(one.name), one.kind, ", ".join(map(code, one.labels)), one.text] for one in some],
    )
