"""The engine that the settings name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine

from app.api.qstash.qstash_calls import QStashCalls
from app.api.qstash.signed_calls import FAILED
from app.api.workflows import routes_of
from app.composition.delivery_targets import DeliveryTargets, label
from app.composition.partitions import require_partitions
from app.config.engine_settings import EngineName
from app.engine import Engine
from app.engine.postgres.engine import PostgresEngine
from app.engine.qstash.client import open_qstash
from app.engine.qstash.engine import QStashEngine
from app.engine.qstash.signature import SignatureCheck
from app.flow.overrides import EffectiveLimits, flow_keys_of
from app.flow.redis_check import RedisCheck
from app.flow.redis_script import GateScript
from app.flow.usage import FlowUsage
from app.settings import Settings
from app.store.pools import Pools
from app.store.readiness import require_ready
from app.workflows.contract.job_family import AnyFamily
from app.workflows.contract.steps.batched_method import batched_methods
from app.workflows.keys import Layer, flow_key, method_key
from app.workflows.monitoring.flow_limits import FlowLimitService
from app.workflows.throttles.standing_limits import read_standing
from app.workflows.worker.tick import Tick


def limits_of(
    families: Sequence[AnyFamily], database: AsyncEngine, throttled: Sequence[str]
) -> EffectiveLimits:
    """
    Args:
        throttled: the families that a throttle may hold.

    Raises:
        ConfigurationError: two flow keys share a limit and declare different values for it, or
            a family's partitions cannot have limits.
    """
    declared = {
        flow_key(family.name, layer): family.flow.of(layer)
        for family in families
        for layer in Layer
    } | {
        method_key(family.name, method): how.flow
        for family in families
        for method, how in batched_methods(type(family)).items()
    }
    require_partitions(families)
    partitioned = any(control.partitioned for control in declared.values())
    keys = flow_keys_of(declared)
    load = partial(read_standing, database, throttled, keys, partitioned=partitioned)
    return EffectiveLimits(declared, load)


def calls_of(
    settings: Settings, engine: Engine, families: Sequence[AnyFamily], tick: Tick
) -> QStashCalls | None:
    """What QStash's calls need; None: the engine is not QStash."""
    if not isinstance(engine, QStashEngine):
        return None
    access = settings.qstash(settings.root_path)
    check = SignatureCheck(access.app_url, access.current_key, access.next_key)
    places = {
        path: flow_key(family.name, Layer(layer))
        for family in families
        for layer, path in routes_of(family).items()
    }
    return QStashCalls(engine, check, places, tick)


def probes_of(
    engine: Engine, pools: Pools, redis: RedisCheck
) -> Mapping[str, Callable[[], Awaitable[object]]]:
    """The checks of ``/readyz``, by name."""
    probes: dict[str, Callable[[], Awaitable[object]]] = {
        "postgres": partial(require_ready, pools.probes),
        "redis": redis,
    }
    if isinstance(engine, QStashEngine):
        probes["qstash"] = engine.sender.reach
    return probes


def flow_limits_of(
    database: AsyncEngine, engine: Engine, controls: EffectiveLimits, script: GateScript
) -> FlowLimitService:
    """
    Args:
        script: of the gate that holds the limits where workers take messages.
    """
    usage = _usage_of(engine, controls, script)
    return FlowLimitService(database, controls, usage, engine, script.tell_changed)


def _usage_of(engine: Engine, controls: EffectiveLimits, script: GateScript) -> FlowUsage:
    if not isinstance(engine, QStashEngine):
        return script
    # Here, because it takes long, and others need none of it.
    from app.engine.qstash.flow_control import QStashFlowControl  # noqa: PLC0415
    from app.workflows.monitoring.qstash_flow import QStashFlow  # noqa: PLC0415

    return QStashFlow(QStashFlowControl(engine.client), controls, engine.target_of)


@asynccontextmanager
async def open_engine(
    settings: Settings,
    pools: Pools,
    direct: str,
    families: Sequence[AnyFamily],
    controls: EffectiveLimits,
) -> AsyncIterator[Engine]:
    """
    Args:
        direct: a URL of the database past a pooler.

    Raises:
        ConfigurationError: QStash is to call, and cannot be told how.
    """
    stop_timeout = timedelta(seconds=settings.stop_timeout)
    if settings.engine is EngineName.POSTGRES:
        yield PostgresEngine(
            pools.own,
            direct,
            schema=settings.db_schema,
            heartbeat=timedelta(seconds=settings.worker_heartbeat),
            stop_timeout=stop_timeout,
        )
        return
    access = settings.qstash(settings.root_path)
    targets = DeliveryTargets(families, controls, items_at_once=settings.worker_concurrency)
    async with open_qstash(access.token, access.url) as client:
        engine = QStashEngine(
            pools.ledger,
            client,
            access.app_url,
            targets.of,
            label_of=label,
            failed_path=FAILED,
            stop_timeout=stop_timeout,
        )
        yield engine
        await engine.sender.sent()
