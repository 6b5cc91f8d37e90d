"""What comes with the end of a run, and in which order."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from app.engine import Engine
from app.metrics.meter import WorkMeter
from app.workflows.backfills.advance import begin_next_partition
from app.workflows.finish.finisher import Finisher
from app.workflows.finish.followers import check_chains, start_followers
from app.workflows.monitoring.coverage import record_run
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.lifecycle import RunLifecycle
from app.workflows.runs.queue import begin_next_in_line
from app.workflows.steps.children.outcome import tell_parent


def lifecycle_of(
    engine: Engine,
    families: Mapping[str, BoundFamily],
    finisher: Finisher,
    meter: WorkMeter | None = None,
) -> RunLifecycle:
    """
    Raises:
        ConfigurationError: see ``check_chains``.
    """
    check_chains(families)
    return RunLifecycle(
        engine,
        before_end=finisher.begin,
        meter=meter,
        on_ended=(
            partial(tell_parent, engine),
            partial(begin_next_partition, engine, families),
            partial(begin_next_in_line, engine, families),
            partial(record_run, families),
            partial(start_followers, engine, families),
        ),
    )
