"""The throttles of a service: of each family, and of the settings for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from app.config.engine_settings import EngineName
from app.flow.overrides import EffectiveLimits
from app.flow.redis_script import GateScript
from app.settings import Settings
from app.workflows.contract.context import Context
from app.workflows.contract.job_family import AnyFamily
from app.workflows.contract.throttle import Check, Throttle
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.throttles.check_call import CheckCall
from app.workflows.throttles.database_checks import DeadTuples, LongTransactions, ReplicationLag
from app.workflows.throttles.health_address import HealthAddress
from app.workflows.throttles.looks import GRACE, ThrottleLooks

OF_ALL = "the settings"


def shared_throttles(settings: Settings) -> Sequence[Throttle]:
    """The throttles that the settings declare for all families."""
    lag, open_for = settings.throttle_replication_lag, settings.throttle_long_transactions
    dead, url = settings.throttle_dead_tuples, settings.throttle_health_url
    checks: list[Check] = []
    if lag is not None:
        checks.append(ReplicationLag(timedelta(seconds=lag)))
    if open_for is not None:
        checks.append(LongTransactions(timedelta(seconds=open_for)))
    if dead is not None:
        checks.append(DeadTuples(dead))
    if url is not None:
        checks.append(HealthAddress(url.get_secret_value()))
    backoff = timedelta(seconds=settings.throttle_backoff)
    return [Throttle(check, backoff=backoff) for check in checks]


def throttled_families(settings: Settings, families: Sequence[AnyFamily]) -> Sequence[str]:
    """The families that have a throttle, of their own or by the settings."""
    of_all = bool(shared_throttles(settings))
    return [family.name for family in families if of_all or family.throttle]


def throttles_of(
    settings: Settings,
    database: AsyncEngine,
    families: Mapping[str, BoundFamily],
    context: Callable[[BoundFamily], Context],
    controls: EffectiveLimits,
    script: GateScript,
) -> ThrottleLooks:
    """
    Args:
        families: as the API calls them, so that a check waits for no item's thread.
        context: likewise.
    """
    # What the settings name asks for nothing that is a family's own.
    own = partial(context, next(iter(families.values()))) if families else _never
    shared = [
        CheckCall(throttle, OF_ALL, own, _never, kept=True)
        for throttle in shared_throttles(settings)
    ]
    checks = {
        name: [
            *shared,
            *(
                CheckCall(throttle, name, partial(context, bound), bound.awaitable)
                for throttle in bound.family.throttle
            ),
        ]
        for name, bound in families.items()
    }
    # Where messages are delivered by QStash, nobody is there to look at fixed times.
    called = settings.engine is EngineName.QSTASH
    return ThrottleLooks(
        database,
        controls,
        {name: of for name, of in checks.items() if of},
        script.tell_changed,
        grace=timedelta(0) if called else GRACE,
    )


def _never(*_: object) -> Any:
    raise AssertionError("Checks of ours are async, and there is no family to ask for.")
