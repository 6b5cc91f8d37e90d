"""The engine that the settings name."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from sqlalchemy.ext.asyncio import AsyncEngine

from app.api.qstash.qstash_calls import QStashCalls
from app.api.qstash.signature_door import FAILED
from app.api.workflows import routes_of
from app.composition.delivery_targets import DeliveryTargets, label
from app.config.engine_settings import EngineName
from app.engine import Engine
from app.engine.postgres.engine import PostgresEngine
from app.engine.qstash.engine import QStashEngine
from app.engine.qstash.signature import SignatureCheck
from app.flow.overrides import EffectiveLimits
from app.settings import Settings
from app.workflows.contract.job_family import AnyFamily
from app.workflows.keys import Layer, flow_key
from app.workflows.monitoring.flow_limits import read_overrides
from app.workflows.worker.tick import Tick

RETRIES = 2
"""Of a call of QStash that got no answer; the next tick tries again what they did not help."""
PAUSE = 100.0
"""Milliseconds before the first of them, and twice as many before the second."""


def limits_of(families: Sequence[AnyFamily], database: AsyncEngine) -> EffectiveLimits:
    """
    Raises:
        ConfigurationError: two flow keys share a limit and declare different values for it.
    """
    declared = {
        flow_key(family.name, layer): family.flow.of(layer)
        for family in families
        for layer in Layer
    }
    return EffectiveLimits(declared, partial(read_overrides, database))


def calls_of(
    settings: Settings, engine: Engine, families: Sequence[AnyFamily], tick: Tick
) -> QStashCalls | None:
    """None: QStash does not call."""
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


def probes_of(engine: Engine) -> Mapping[str, Callable[[], Awaitable[object]]]:
    """By name, what of the engine ``/readyz`` tries."""
    return {"qstash": engine.sender.reach} if isinstance(engine, QStashEngine) else {}


@asynccontextmanager
async def open_engine(
    settings: Settings,
    database: AsyncEngine,
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
            database,
            direct,
            schema=settings.db_schema,
            heartbeat=timedelta(seconds=settings.worker_heartbeat),
            stop_timeout=stop_timeout,
        )
        return
    # Here, because it takes long, and others need none of it.
    from qstash import AsyncQStash  # noqa: PLC0415
    from qstash.http import RetryConfig  # noqa: PLC0415

    access = settings.qstash(settings.root_path)
    targets = DeliveryTargets(families, controls, items_at_once=settings.worker_concurrency)
    retry = RetryConfig(retries=RETRIES, backoff=lambda number: PAUSE * 2**number)
    client = AsyncQStash(access.token, base_url=access.url, retry=retry)
    engine = QStashEngine(
        database,
        client,
        access.app_url,
        targets.of,
        label_of=label,
        failed_path=FAILED,
        stop_timeout=stop_timeout,
    )
    try:
        yield engine
        await engine.sender.sent()
    finally:
        await client.http._client.aclose()  # noqa: SLF001 - it has no call of its own for this
