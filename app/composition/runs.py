"""What starts, ends and mends runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from app.composition.endings import lifecycle_of
from app.composition.foundation import Foundation, Resources, services_of
from app.composition.telemetry.metrics import meter_of
from app.flow.caller_gate import CallerGate
from app.flow.redis_gate import RedisGate
from app.metrics.meter import WorkMeter
from app.workflows.client import WorkflowClient
from app.workflows.contexts import make_context
from app.workflows.contract.context import Context
from app.workflows.family import Services
from app.workflows.finish.finisher import Finisher
from app.workflows.item_partitions import PartitionWindows
from app.workflows.previews import PreviewService
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.control import RunControl
from app.workflows.runs.estimate import Estimator
from app.workflows.runs.lifecycle import RunLifecycle
from app.workflows.runs.reconciler import RunReconciler
from app.workflows.samples.service import SampleService


@dataclass(frozen=True, slots=True)
class RunParts:
    services: Services
    context: Callable[..., Context]
    meter: WorkMeter | None
    finisher: Finisher
    lifecycle: RunLifecycle
    reconciler: RunReconciler
    turns: CallerGate
    previews: PreviewService
    control: RunControl
    client: WorkflowClient


def runs_of(base: Foundation, held: Resources, bound: Mapping[str, BoundFamily]) -> RunParts:
    """
    Raises:
        ConfigurationError: see ``lifecycle_of``.
    """
    settings, controls = base.settings, base.controls
    database, engine = base.pools.own, base.engine
    look_ahead, budget = settings.look_ahead, settings.dry_run_budget
    finisher = Finisher(database, engine, bound, look_ahead)
    meter = meter_of(settings, base.families)
    lifecycle = lifecycle_of(engine, bound, finisher, meter)
    windows = PartitionWindows(controls)
    reconciler = RunReconciler(database, engine, bound, lifecycle, look_ahead, windows, meter)
    turns = CallerGate(RedisGate(held.redis, settings.redis_prefix, controls), controls)
    services = services_of(base, held)
    context = partial(make_context, services)
    previews = PreviewService(context, turns.permit, bound)
    estimator = Estimator(database, controls)
    samples = SampleService(previews, context, estimator, settings.pool_size, budget)
    client = WorkflowClient(
        database, engine, bound, context, held.changes, estimator, previews, samples,
        dry_run_budget=budget,
    )  # fmt: skip
    control = RunControl(database, reconciler)
    return RunParts(
        services, context, meter, finisher, lifecycle, reconciler, turns, previews, control, client
    )
