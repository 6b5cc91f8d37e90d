"""The contract that the author of a job family sees.

A family is one file under ``app/workflows/families/`` with one subclass of ``JobFamily``.
Everything else is derived from it: routes, payload schemas, flow keys, ids, retries and progress.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar, cast

import structlog
from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from redis.asyncio import Redis
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.typing import FilteringBoundLogger

from app.flow.control import OPEN, FlowControl
from app.store.database import Sessions
from app.workflows.keys import Layer

__all__ = [
    "Backoff",
    "Context",
    "Cost",
    "Entity",
    "FamilyParams",
    "Fatal",
    "Flow",
    "FlowControl",
    "JobFamily",
    "Overlap",
    "Page",
    "RetryAfter",
    "Services",
    "Skip",
    "Systemic",
]


class Skip(Exception):
    """Raise it when there is nothing to do for this item: its outcome is ``skipped``."""


class Fatal(Exception):
    """Raise it when another attempt cannot help: the item fails at once."""


class RetryAfter(Exception):
    """Raise it to be called again after ``delay``, without using up one of the attempts.

    An exception of a service that carries a ``retry_after: timedelta`` is treated likewise.
    """

    def __init__(self, delay: timedelta, reason: str = "asked to come later") -> None:
        super().__init__(reason)
        self.retry_after = delay


class Systemic(Exception):
    """Raise it when every other item would fail as well, for example because a key is refused.

    The run pauses at once with this text, and the item stays to be done. An exception of a service
    whose ``systemic`` is true is treated likewise.
    """

    systemic = True


class Overlap(StrEnum):
    """What becomes of a run of a family that has one already, which has not ended."""

    SKIP = "skip"  # it is refused
    QUEUE = "queue"  # it waits until that one has ended
    ALLOW = "allow"  # it goes beside it; an item is never at work in both at once


@dataclass(frozen=True, slots=True)
class Cost:
    """What something costs, as far as it is known."""

    usd: float = 0.0
    tokens: int = 0


@dataclass(slots=True)
class Meter:
    """What one execution has spent so far."""

    usd: float = 0.0
    tokens: int = 0


class FamilyParams(BaseModel):
    """The base of a family's params: camelCase over HTTP, and no field that is not declared."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True
    )


@dataclass(frozen=True, slots=True)
class Entity:
    """What a family works on, in one and in many: ``Entity("user", "users")``."""

    singular: str
    plural: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """Flow control by layer."""

    process: FlowControl = OPEN
    paginate: FlowControl = OPEN
    execute: FlowControl = OPEN

    def of(self, layer: Layer) -> FlowControl:
        return cast("FlowControl", getattr(self, layer.value))


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How long to wait before the next attempt: ``initial`` × ``factor`` ^ (failures - 1).

    A random part between half and all of it is taken, so that items that failed together do not
    come back together.
    """

    initial: timedelta = timedelta(seconds=1)
    factor: float = 2.0
    longest: timedelta = timedelta(minutes=5)

    def delay(self, failures: int, chance: float) -> timedelta:
        """
        Args:
            failures: attempts that have failed, 1 or more.
            chance: uniform in [0, 1).
        """
        # The exponent is bounded, or a large count would overflow before the minimum is taken.
        seconds = self.initial.total_seconds() * self.factor ** min(failures - 1, 60)
        return timedelta(seconds=min(seconds, self.longest.total_seconds()) * (0.5 + 0.5 * chance))


@dataclass(frozen=True, slots=True)
class Page:
    """What ``JobFamily.page`` answers: ids, and the cursor of the next page or None at the end."""

    ids: Sequence[str]
    next_cursor: str | None


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Services:
    """What stands outside a family, made once by ``bootstrap``."""

    database: AsyncEngine
    sessions: Sessions
    redis: Redis
    redis_prefix: str
    others: Mapping[type, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Context:
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

    def spend(self, *, usd: float = 0.0, tokens: int = 0) -> None:
        """Count what this item costs against the run's budget, also when it fails afterwards."""
        if not (math.isfinite(usd) and usd >= 0 and tokens >= 0):
            raise ValueError(f"What is spent is 0 or more, not {usd!r} USD and {tokens!r} tokens.")
        self.meter.usd += usd
        self.meter.tokens += tokens

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


ParamsT = TypeVar("ParamsT", bound=BaseModel)
EntityT = TypeVar("EntityT")
ResultT = TypeVar("ResultT")


class JobFamily(Generic[ParamsT, EntityT, ResultT]):
    """One kind of batch job.

    Every method may be ``async def`` or plain ``def``; a plain one runs in a thread, so that
    blocking code in it stalls nobody else.
    """

    name: ClassVar[str]
    """kebab-case; part of routes and flow keys."""
    entity: ClassVar[Entity]
    verb: ClassVar[str] = "execute"
    """Of the execute route: ``generate`` makes ``generate-user``."""
    params: ClassVar[type[BaseModel]] = FamilyParams
    flow: ClassVar[Flow] = Flow()

    attempts: ClassVar[int] = 5
    """Executions of one item that may fail before it is ``failed``."""
    backoff: ClassVar[Backoff] = Backoff()
    timeout: ClassVar[timedelta] = timedelta(minutes=5)
    """Of ``load``, ``execute`` and ``save`` together; longer is the outcome ``timed_out``."""
    page_size: ClassVar[int] = 50
    chunk_size: ClassVar[int] = 20

    overlap: ClassVar[Overlap] = Overlap.SKIP
    max_failure_rate: ClassVar[float | None] = 0.5
    """A run pauses when a larger share of its items has failed; None: it never does."""
    min_items: ClassVar[int] = 50
    """Items that must have ended before the share is judged."""
    deadline: ClassVar[timedelta | None] = None
    """A run that is active for longer pauses."""

    def eligible(self, params: ParamsT) -> Select[Any]:  # of any one column: the id
        """A SELECT of one column, the id, each id once. Count, paging and order come from it."""
        raise NotImplementedError

    def page(
        self, cursor: str | None, size: int, params: ParamsT, ctx: Context
    ) -> Awaitable[Page] | Page:
        """In place of ``eligible``, for a source that is not SQL. The cursor is yours to define, in
        at most 1,000 characters.

        Ids must come in a fixed order, so that a page read twice holds the same ids.
        """
        raise NotImplementedError

    def count(self, params: ParamsT, ctx: Context) -> Awaitable[int | None] | int | None:
        """How many ids ``page`` will give in all; None where the source cannot tell."""
        return None

    def estimate_cost(self, params: ParamsT) -> Cost | None:
        """What one item will cost, for a dry run; None: tell from what earlier runs spent."""
        return None

    def existing(
        self, ids: Sequence[str], params: ParamsT, ctx: Context
    ) -> Awaitable[Collection[str]] | Collection[str]:
        """Which of these already have a result. One round trip for the whole list."""
        return ()

    def load(self, item_id: str, ctx: Context) -> Awaitable[EntityT | None] | EntityT | None:
        """The entity; None when it is gone, and the item is skipped."""
        raise NotImplementedError

    def execute(
        self, entity: EntityT, params: ParamsT, ctx: Context
    ) -> Awaitable[ResultT] | ResultT:
        """The work for ONE item. Must not save anything: a preview runs it too."""
        raise NotImplementedError

    def save(
        self, entity: EntityT, result: ResultT, params: ParamsT, ctx: Context
    ) -> Awaitable[None] | None:
        """Persist the result. Safe to repeat: a crash after it runs it again."""
        return None


AnyFamily = JobFamily[Any, Any, Any]  # whose types only its author knows


def overridden(family: AnyFamily, methods: Iterable[str]) -> set[str]:
    """Which of these methods the family's author wrote."""
    return {m for m in methods if getattr(type(family), m) is not getattr(JobFamily, m)}
