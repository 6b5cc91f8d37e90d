"""Families whose partitions have limits: what they must say for it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from pydantic import ValidationError
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine

from app.errors import ConfigurationError, SluiceError
from app.flow.overrides import EffectiveLimits
from app.flow.partitions.partition_script import PartitionScript
from app.flow.redis_gate import LEASE
from app.flow.redis_script import GateScript
from app.settings import Settings
from app.workflows.contract.job_family import AnyFamily, overridden
from app.workflows.contract.steps.batched_method import batched_methods
from app.workflows.keys import Layer
from app.workflows.monitoring.partition_limits import PartitionLimits
from app.workflows.sources.sql_source import columns_of


def require_partitions(families: Sequence[AnyFamily]) -> None:
    """
    Raises:
        ConfigurationError: a family cannot have the limits of partitions that it declares.
    """
    for family in families:
        for layer in (Layer.PROCESS, Layer.PAGINATE):
            if family.flow.of(layer).partitioned:
                raise ConfigurationError(
                    f"{family.name} limits each partition of its layer {layer}, and only items have"
                    " one. Say it of execute: flow = Flow(execute=FlowControl(per_partition=…))."
                )
        for method, how in batched_methods(type(family)).items():
            if how.flow.partitioned:
                raise ConfigurationError(
                    f"{family.name} limits each partition of its batched method {method}, and one"
                    " call of it is for many items, each of a partition of its own. Leave"
                    " per_partition and rate_per_partition out of its flow; say them of execute:"
                    " flow = Flow(execute=FlowControl(per_partition=…))."
                )
        if family.flow.execute.partitioned and not _may_select_one(family):
            raise ConfigurationError(
                f"{family.name} limits each partition of its items, and does not say which"
                " partition an item is of. Select it beside the id: eligible() answers"
                " select(User.id, User.tenant)."
            )


def partition_limits_of(
    settings: Settings,
    redis: Redis,
    database: AsyncEngine,
    controls: EffectiveLimits,
    script: GateScript,
) -> PartitionLimits:
    partitions = PartitionScript(redis, settings.redis_prefix, lease=LEASE)
    return PartitionLimits(database, controls, partitions, script.tell_changed)


def _may_select_one(family: AnyFamily) -> bool:
    """False: it is known that it does not. What needs params to be asked is asked by its runs."""
    if "eligible" not in overridden(family, ("eligible",)):
        return False
    with suppress(ValidationError, SluiceError):
        return columns_of(family.eligible(family.params()))[1] is not None
    return True
