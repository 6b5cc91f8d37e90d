"""What a worker does with each delivery: the right family and layer, and what if that fails."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Protocol

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.engine import Delivery, Handler
from app.flow.gate import FlowHeld, Gate, GateClosed
from app.logs import DebugLog
from app.metrics.meter import WorkMeter
from app.redaction.redactor import IN_USE
from app.store.runs import retry_reason, runs
from app.store.statuses import PauseReason
from app.workflows.contract.backoff import Backoff
from app.workflows.contract.exceptions import Ruling, disposition
from app.workflows.failures.delays import before_retry, remark
from app.workflows.failures.error_text import class_of, sentence_of_all
from app.workflows.failures.fingerprint import fingerprint
from app.workflows.keys import Layer, parse_flow_key
from app.workflows.messages import PaginateMessage, ProcessMessage, RunOnly
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.runs.pause_policy import unreadable
from app.workflows.runs.reconciler import RunReconciler
from app.workflows.serialization.params import ParamsRefused, Unreadable
from app.workflows.serialization.secret_box import SecretsLost
from app.workflows.throttles.looks import ThrottleLooks
from app.workflows.throttles.told_holds import ToldHolds

LAYER_ATTEMPTS = 8
"""Deliveries of a process or paginate message before its layer gives up and the run fails."""
SWEEP_SECONDS = 30.0
"""For ending the items of a run that has failed; what is left then ends when it is delivered."""
BACKOFF = Backoff(longest=timedelta(seconds=30))

log = structlog.get_logger("sluice.worker")
detail_log = DebugLog("sluice.worker")


class LayerPort(Protocol):
    async def handle(self, bound: BoundFamily, delivery: Delivery) -> timedelta | None: ...


@dataclass(frozen=True, slots=True)
class Dispatcher:
    database: AsyncEngine
    families: Mapping[str, BoundFamily]
    layers: Mapping[Layer, LayerPort]
    reconciler: RunReconciler
    gate: Gate
    throttles: ThrottleLooks
    told: ToldHolds
    meter: WorkMeter | None = None

    def handlers(self, *layers: Layer) -> dict[str, Handler]:
        """By flow key of these layers: what the engine calls with each delivery."""
        return {
            bound.flow_key(layer): partial(
                self._deliver,
                bound,
                self.layers[layer],
                None if self.meter is None else self.meter.waits(bound.name, layer),
            )
            for bound in self.families.values()
            for layer in layers
        }

    async def _deliver(
        self,
        bound: BoundFamily,
        layer: LayerPort,
        waited: Callable[[float], None] | None,
        delivery: Delivery,
    ) -> timedelta | None:
        if waited is not None and delivery.due is not None:
            waited(max(time.perf_counter() - delivery.due, 0.0))
        IN_USE.set(bound.redactor)
        try:
            if detail_log.is_on():
                detail_log.debug(
                    "layer_entered",
                    family=bound.name,
                    layer=parse_flow_key(delivery.flow_key)[1],
                    run=RunOnly.model_validate_json(delivery.payload).run,
                    attempt=delivery.attempt,
                )
            await self.throttles.require_known(bound.name)
            self.gate.require_free(delivery.flow_key)
            return await layer.handle(bound, delivery)
        except FlowHeld as held:
            return await self._held(delivery, held.again)
        except GateClosed as closed:
            return closed.again  # not begun: the worker stops, and another one has it
        except (ParamsRefused, SecretsLost) as error:
            await self._unfit(delivery, error)
            return None
        except BaseException as error:
            if delivery.stopped or isinstance(error, GeneratorExit):
                raise
            return await self._failed(delivery, error)

    async def _failed(self, delivery: Delivery, error: BaseException) -> timedelta | None:
        """A layer itself failed, not an item's own code: the database was away, a page broke."""
        family, layer = parse_flow_key(delivery.flow_key)
        run_id = RunOnly.model_validate_json(delivery.payload).run
        found = disposition(error)
        told = f"{class_of(found.error)}: {sentence_of_all(found)}"
        if layer is not Layer.EXECUTE:
            if found.hold is not None:
                await self.told.hold(delivery.flow_key, found.hold, sentence_of_all(found))
            if found.ruling is Ruling.POSTPONE and found.delay is not None:
                await self._put_off(delivery, run_id, found.delay, told + remark(found.delay))
                return None
            if found.ruling is Ruling.PAUSE:
                await self._pause(delivery, run_id, sentence_of_all(found), error)
                return None
        hopeless = delivery.attempt >= LAYER_ATTEMPTS or found.ruling is Ruling.FAIL
        if self.meter is not None:
            self.meter.layer_failed(family, layer)
        gives_up = layer is not Layer.EXECUTE and hopeless
        times = "1 attempt" if delivery.attempt == 1 else f"{delivery.attempt} attempts"
        detail = f"{layer} gave up after {times}: {told}"
        log.error(
            "layer_failed",
            flow_key=delivery.flow_key,
            run=run_id,
            attempt=delivery.attempt,
            gives_up=gives_up,
            exc_info=error,
        )
        if gives_up:
            async with self.database.begin() as tx:
                await self.reconciler.lifecycle.fail(
                    tx, run_id, reason="layer_failed", detail=detail[:2_000]
                )
            await self.reconciler.sweep(run_id, seconds=SWEEP_SECONDS)
            return None
        delay = BACKOFF.delay(delivery.attempt, random.random())  # noqa: S311 - jitter
        if layer is not Layer.EXECUTE:
            number = f"attempt {delivery.attempt} of {LAYER_ATTEMPTS}"
            detail = f"{layer} failed, and is tried again ({number}): {told}"
            async with self.database.begin() as tx:
                await retry_reason.tell(tx, run_id, detail[:2_000], _group(layer, told, run_id))
        return delay

    async def _pause(
        self, delivery: Delivery, run_id: str, detail: str, error: BaseException
    ) -> None:
        """Whatever is asked of the source would fail as well. A resume publishes the message
        again."""
        log.warning("layer_paused", flow_key=delivery.flow_key, run=run_id, exc_info=error)
        async with self.database.begin() as tx:
            # Locked first: a resume of a run that was paused already waits for our commit, or is
            # seen here, and then the run is paused once more.
            await runs.lock(tx, run_id)
            await self.reconciler.lifecycle.pause(tx, run_id, PauseReason.SYSTEMIC, detail)

    async def _unfit(self, delivery: Delivery, error: Unreadable) -> None:
        run_id = RunOnly.model_validate_json(delivery.payload).run
        cause = unreadable(error)
        async with self.database.begin() as tx:
            await runs.lock(tx, run_id)
            await self.reconciler.lifecycle.pause(tx, run_id, cause.reason, cause.detail)

    async def _held(self, delivery: Delivery, delay: timedelta) -> timedelta | None:
        """Not begun, which is no failure: a page's message begins anew, or its deliveries would
        count as attempts."""
        family, layer = parse_flow_key(delivery.flow_key)
        if layer is Layer.EXECUTE:
            return delay
        async with self.database.begin() as tx:
            await self._again(tx, family, layer, delivery, delay)
        return None

    async def _put_off(self, delivery: Delivery, run_id: str, delay: timedelta, told: str) -> None:
        """A source asked us to come later, which is no failure: the message begins anew then."""
        family, layer = parse_flow_key(delivery.flow_key)
        delay = before_retry(delay, random.random())  # noqa: S311 - jitter
        log.info(
            "layer_put_off",
            flow_key=delivery.flow_key,
            run=run_id,
            seconds=delay.total_seconds(),
            reason=told,
        )
        async with self.database.begin() as tx:
            detail = f"{layer} comes again in {delay.total_seconds():.3g} s: {told}"
            await retry_reason.tell(tx, run_id, detail[:2_000], _group(layer, told, run_id))
            await self._again(tx, family, layer, delivery, delay)

    async def _again(
        self,
        tx: AsyncConnection,
        family: str,
        layer: Layer,
        delivery: Delivery,
        delay: timedelta,
    ) -> None:
        kind = ProcessMessage if layer is Layer.PROCESS else PaginateMessage
        message = kind.read(delivery.payload).outgoing(family, delivery.priority, delay)
        await self.reconciler.engine.publish(tx, [message])


def _group(layer: Layer, told: str, run_id: str) -> str:
    return f"{layer}: {fingerprint(told, run_id)}"
