"""What a family's methods are given beside their arguments."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import httpx2
import structlog
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.typing import FilteringBoundLogger

from app.store.database import Sessions
from app.workflows.contract.backoff import Backoff
from app.workflows.contract.steps.step_methods import ONCE_MORE, StepMethods
from app.workflows.contract.steps.step_runner import StepRunner

MOST_SPENT = 10**12
"""USD, or tokens, at once: more is a mistake, and the sums of many must fit."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one item costs, or what many have cost: 0 where it is not known."""

    usd: float = 0.0
    tokens: int = 0


@dataclass(slots=True)
class Meter:
    """What one execution has spent so far."""

    usd: float = 0.0
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Services:
    """The connections and services that all families use, made once by ``bootstrap``."""

    database: AsyncEngine
    sessions: Sessions
    redis: Redis
    redis_prefix: str
    http: httpx2.AsyncClient
    """For ``ctx.call``."""
    others: Mapping[type, object] = field(default_factory=dict)


@dataclass(slots=True)  # made for every item: frozen, it would take three times as long
class Context(StepMethods):
    """What a family's methods are given beside their arguments.

    ``run_id`` and ``item_id`` are None where there is no run (a dry run) or no item (a page).
    ``attempt`` begins at 1. ``preview`` is True when nothing will be saved.
    """

    services: Services
    family: str
    run_id: str | None = None
    item_id: str | None = None
    attempt: int = 1
    preview: bool = False
    meter: Meter = field(default_factory=Meter)
    runner: StepRunner | None = None

    def spend(self, *, usd: float = 0.0, tokens: int = 0) -> None:
        """Count what this item costs against the run's budget. It counts even if the item then
        fails.

        Raises:
            ValueError: an amount is negative, or over ``MOST_SPENT``.
        """
        if not (0 <= usd <= MOST_SPENT and 0 <= tokens <= MOST_SPENT):
            raise ValueError(
                f"What is spent is 0 to {MOST_SPENT:,}, not {usd!r} USD and {tokens!r} tokens."
            )
        self.meter.usd += float(usd)
        self.meter.tokens += int(tokens)

    def batched(
        self,
        method: str,
        value: object,
        /,
        *,
        name: str | None = None,
        attempts: int = 1,
        backoff: Backoff = ONCE_MORE,
    ) -> Awaitable[Any]:
        """The answer of the family's ``@batched`` method for ``value``. The values of many items of
        the run go into one call of the method, and each item remembers its own answer as a step.

        Args:
            name: the step's name, unique within the item; None: the method's name.
            attempts: tries before it fails; between two tries the item gives its slot back.

        Raises:
            StepFailed: the last try failed. The item's next attempt tries it anew.
            StepMisused: the family has no such method.
        """
        runner = self._runner(name or method)
        return runner.batched(name or method, method, value, attempts, backoff, self.spend)

    @property
    def log(self) -> FilteringBoundLogger:
        """A logger that knows the family, the run and the item."""
        fields = {"family": self.family, "run": self.run_id, "item": self.item_id}
        logger: FilteringBoundLogger = structlog.get_logger(
            **{name: value for name, value in fields.items() if value is not None}
        )
        return logger

    @property
    def session(self) -> Sessions:
        """``async with ctx.session() as session:`` opens a SQLModel session."""
        return self.services.sessions

    @property
    def redis(self) -> Redis:
        return self.services.redis

    def key(self, *parts: str) -> str:
        """A Redis key of this service: ``sluice:part:part``."""
        return ":".join((self.services.redis_prefix, *parts))

    def service(self, kind: type[T]) -> T:
        """The service of this type, for example ``ctx.service(TextWriter)``."""
        return cast("T", self.services.others[kind])
