"""What a tick is made of."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from app.settings import Settings
from app.store.pools import Pools
from app.workflows.deferred.desk import BatchDesk
from app.workflows.events.desk import EventDesk
from app.workflows.monitoring.coverage import CoverageSurvey
from app.workflows.monitoring.flow_recorder import FlowRecorder
from app.workflows.monitoring.run_sampler import RunSampler
from app.workflows.notifications.poster import LIMIT_SECONDS
from app.workflows.notifications.service import NotificationService
from app.workflows.runs.reconciler import RunReconciler
from app.workflows.schedules.scheduler import Scheduler
from app.workflows.throttles.check_call import CHECK_SECONDS
from app.workflows.throttles.looks import ThrottleLooks
from app.workflows.worker.maintenance import Watchdog
from app.workflows.worker.retention_loop import RetentionLoop
from app.workflows.worker.tick import Tick, TickPart

SECONDS = 8.0
"""For each part: a platform that ends a call after a minute lets all of them have their turn."""

BATCH_SECONDS = 20.0
"""For files: what came of one that is cut off while it is read is written, and it is gone on with
there the next time; one that is cut off while it is sent has failed, and is sent from its
beginning."""


def tick_of(
    settings: Settings,
    pools: Pools,
    reconciler: RunReconciler,
    coverage: CoverageSurvey,
    recorder: FlowRecorder,
    throttles: ThrottleLooks,
    told: NotificationService,
    events: EventDesk,
    batches: BatchDesk,
) -> Tick:
    every, silence = settings.watchdog_seconds, settings.silence
    watchdog = Watchdog(reconciler, pools.holding, every, silence)
    scheduler = Scheduler(pools.own, reconciler.engine, reconciler.families, meter=reconciler.meter)
    retention = RetentionLoop.of(
        pools.own,
        reconciler.families,
        days=settings.retention_days,
        audit_days=settings.audit_days,
        event_days=settings.event_days,
    )
    quick = replace(coverage, budget=min(coverage.budget, SECONDS / 2))
    # Twice, with the others in between: that a run stands is seen by comparing, and who is called
    # the next time may be a process that has seen nothing yet.
    runs = TickPart("runs", watchdog.mend, SECONDS)
    # What it cuts off by itself it writes down; where that takes as long, it is cut off, too.
    files = TickPart(
        "batches", partial(batches.collector.round, BATCH_SECONDS), BATCH_SECONDS + SECONDS
    )
    looks = TickPart("throttles", throttles.look_due, CHECK_SECONDS + 2)
    return Tick(
        pools.holding,
        [
            TickPart("outbox", reconciler.engine.tidy, SECONDS),
            TickPart("schedules", scheduler.fire_due, SECONDS),
            TickPart("events", events.starter.start_due, SECONDS),
        ],
        [
            runs,
            TickPart("wakes", events.inbox.waker.wake_all, SECONDS),
            *([looks] if throttles.checks else []),
            TickPart("samples", RunSampler(pools.own, look_every=1).look, SECONDS),
            TickPart("limits", recorder.flow.reconcile, SECONDS),
            TickPart("flow", recorder.record, SECONDS),
            TickPart("coverage", quick.look, SECONDS),
            # Its attempts have their own time limit, behind that of when the last may begin.
            TickPart(
                "notifications", partial(told.sender.round, SECONDS), SECONDS + 2 * LIMIT_SECONDS
            ),
            files,
            TickPart("retention", retention.prune, SECONDS),
            runs,
        ],
    )
