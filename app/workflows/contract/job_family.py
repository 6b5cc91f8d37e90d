"""The class that the author of a job family subclasses, and what it declares."""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Generic, TypeVar, cast
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel
from sqlalchemy import Select
from typing_extensions import TypeVar as DefaultTypeVar

from app.config.priorities import ORDINARY
from app.flow.limits import OPEN, FlowControl
from app.workflows.contract.after import After
from app.workflows.contract.backoff import Backoff
from app.workflows.contract.context import Context, Cost
from app.workflows.contract.cron import Cron, Overlap
from app.workflows.contract.event import Event
from app.workflows.contract.finished_run import FinishedRun
from app.workflows.contract.throttle import Throttle
from app.workflows.keys import Layer


class FamilyParams(BaseModel):
    """The base of a family's params: camelCase over HTTP, and no field that is not declared."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True
    )


class FamilyEntity(FamilyParams):
    """The base of an entity that a caller may hand over: likewise. See ``JobFamily.invokes``."""


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


@dataclass(frozen=True, slots=True)
class Page:
    """What ``JobFamily.page`` answers: ids, and the cursor of the next page or None at the end."""

    ids: Sequence[str]
    next_cursor: str | None


ParamsT = TypeVar("ParamsT", bound=BaseModel)
EntityT = TypeVar("EntityT")
ResultT = TypeVar("ResultT")
IdT = DefaultTypeVar("IdT", str, int, UUID, default=str)
"""Every item is known by its id's text; this is what the family's own methods are given."""


class JobFamily(Generic[ParamsT, EntityT, ResultT, IdT]):
    """One kind of batch job.

    ``JobFamily[Params, Order, str]`` has ids that are text; a fourth type says what else they are:
    ``JobFamily[Params, Order, str, int]``, or ``UUID``.

    Every method may be ``async def`` or plain ``def``; a plain one runs in a thread, so that
    blocking code in it stalls nobody else.
    """

    name: ClassVar[str]
    """kebab-case; part of routes and flow keys."""
    rename: ClassVar[str | tuple[str, ...]] = ()
    """What it was called before: when a service starts, runs, schedules, pins and messages of that
    name become this one's. What ``save`` keeps under a name is the family's own business."""
    entity: ClassVar[Entity]
    """What it works on: ``Entity("user", "users")`` makes ``process-users`` and ``userId``."""
    verb: ClassVar[str] = "execute"
    """Of the execute route: ``generate`` makes ``generate-user``."""
    version: ClassVar[int] = 1
    """Of what it makes. Raise it, and results that ``existing = Remembered(…)`` has of an earlier
    one count no more: they are ``stale``, and made anew."""
    params: ClassVar[type[BaseModel]] = FamilyParams
    """What a caller may say of a run. A field without a default is required."""
    params_version: ClassVar[int] = 1
    """Raise it when the params of runs that are going, of schedules and of backfills are to become
    those of the new code by ``migrate_params``."""
    invokes: ClassVar[type[BaseModel] | None] = None
    """The model of an entity that a caller may hand over, for one item that has no row, in place of
    what ``load`` returns and of the same type. None: there must be a row."""
    flow: ClassVar[Flow] = Flow()
    """How much may be at work at once, and start in a period, in each layer."""
    throttle: ClassVar[Sequence[Throttle]] = ()
    """While one of these checks says no, nothing new of the family starts; it goes on by itself."""

    attempts: ClassVar[int] = 5
    """Executions of one item that may fail before it is ``failed``."""
    backoff: ClassVar[Backoff] = Backoff()
    """Between two attempts."""
    timeout: ClassVar[timedelta] = timedelta(minutes=5)
    """Of ``load``, ``execute`` and ``save`` together; longer is the outcome ``timed_out``. Waiting
    for a thread or for a first connection does not count."""
    page_size: ClassVar[int] = 50
    """Ids that are read and filtered at once."""
    chunk_size: ClassVar[int] = 20
    """Ids of one message, where a page holds more."""
    most_empty_pages: ClassVar[int] = 1_000
    """Pages of ``page`` without an id that may come in a row; with one more the run fails, because
    its source seems to have no end."""

    overlap: ClassVar[Overlap] = Overlap.SKIP
    """What becomes of a start while the family has a run that has not ended."""
    max_failure_rate: ClassVar[float | None] = 0.5
    """A run pauses when a larger share of its items has failed; None: it never does."""
    min_items: ClassVar[int] = 50
    """Items that must have ended before the share is judged."""
    deadline: ClassVar[timedelta | None] = None
    """A run that is active for longer pauses."""
    priority: ClassVar[int] = ORDINARY
    """Of its runs that name none, from 0 to 9: a higher one goes first, lower ones have a share."""
    approval: ClassVar[bool] = False
    """Every run waits, once it has counted, until somebody with the right says yes."""
    after: ClassVar[str | After | tuple[str | After, ...]] = ()
    """The family, or several, after whose runs one of this begins: when one over all that is
    eligible, or a retry of what it had failed at, has succeeded."""
    finish_cancelled: ClassVar[bool] = False
    """Whether ``finish`` is called for a run that was cancelled, too."""
    partitions: ClassVar[Any] = None  # Daily(), …; or a method: a Partitioning
    """How the work is cut for backfills: see ``app.workflows.contract.partitions``."""
    schedule: ClassVar[Cron | None] = None
    """When runs start by themselves; operators may pause it, and add others."""
    on: ClassVar[Sequence[Event]] = ()
    """Events that start a run for the items that they name."""

    def migrate_params(self, old: dict[str, Any], version: int) -> dict[str, Any]:
        """What params that were kept by an earlier ``params_version`` are now; both by their names
        over HTTP. What comes is checked like any other.
        Always a plain ``def``, called where it stands, as often as they are read.
        """
        return old

    def ready(self, params: ParamsT, ctx: Context) -> Awaitable[None] | None:
        """Raise, with a sentence, where the work cannot be done just now: a key is missing, an
        index is being rebuilt. What it returns counts for nothing.

        Called once for each run, before anything is counted: the run then ends as ``failed``, with
        reason ``not_ready`` and the sentence. ``RetryAfter`` lets it come again, and ``Systemic``
        pauses it. Also called, without a ``run_id``, before a dry run counts and before a caller's
        start is accepted: the caller is told it. It has 30 seconds. Not for a preview or a child.
        """
        return None

    def eligible(self, params: ParamsT) -> Select[Any] | Select[Any, Any]:  # of any columns
        """A SELECT of one column, the id: text, a whole number or a UUID. Count and pages come from
        it, in the order of the ids; so it has no ORDER BY and no LIMIT of its own. An id selected
        twice counts once; NULL is refused. A second column: the item's partition (see FlowControl).
        """
        raise NotImplementedError

    def page(
        self, cursor: str | None, size: int, params: ParamsT, ctx: Context
    ) -> Awaitable[Page] | Page:
        """In place of ``eligible``, for a source that is not SQL. The cursor is yours to define, in
        at most 1,000 characters.

        Ids must come in a fixed order, so that a page read twice holds the same ids. Pages that go
        in a circle, or that hold nothing for too long, end the run as failed.
        """
        raise NotImplementedError

    def count(self, params: ParamsT, ctx: Context) -> Awaitable[int | None] | int | None:
        """How many ids ``page`` will give in all; None where the source cannot tell."""
        return None

    def estimate_cost(self, params: ParamsT) -> Cost | None:
        """What one item will cost, for a dry run; None: tell from what earlier runs spent.
        Always a plain ``def``, called where it stands: arithmetic, and no look at anything.
        """
        return None

    def existing(
        self, ids: Sequence[IdT], params: ParamsT, ctx: Context
    ) -> Awaitable[Collection[IdT]] | Collection[IdT]:
        """Which of these already have a result. One round trip for the whole list.

        ``existing = Remembered(within=timedelta(days=30))`` in place of the method leaves it to
        Sluice, which knows what its runs have ended as ``succeeded``.
        """
        return ()

    def load(self, item_id: IdT, ctx: Context) -> Awaitable[EntityT | None] | EntityT | None:
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

    def save_invoked(
        self, entity: EntityT, result: ResultT, params: ParamsT, ctx: Context
    ) -> Awaitable[None] | None:
        """In place of ``save`` for an entity that a caller handed over, of which there is no row:
        ``ctx.item_id`` is an id of its own. Where nothing is written here, the result stays on the
        item alone. Safe to repeat."""

    def finish(self, run: FinishedRun[ResultT], ctx: Context) -> Awaitable[Any] | Any:
        """Called once when the last of a run's items has ended, and before the run has: as an item
        of its own, with the family's ``attempts``, ``backoff`` and ``timeout``, and with steps.
        What it returns is the run's result, and is JSON. If it fails for good, the run ends as
        ``partial``.
        Not called for a run that had nothing to do, that failed as a whole, or that a step of
        another item began. Safe to repeat: a crash amid it runs it again, from its last step.
        """
        return None

    def stored(
        self, item_id: IdT, params: ParamsT, ctx: Context
    ) -> Awaitable[ResultT | None] | ResultT | None:
        """What is stored for this item now, for a preview to compare with; None: nothing."""
        return None


AnyFamily = JobFamily[Any, Any, Any, Any]  # whose types only its author knows


def overridden(family: AnyFamily, methods: Iterable[str]) -> set[str]:
    """Which of these methods the family's author wrote."""
    return {m for m in methods if getattr(type(family), m) is not getattr(JobFamily, m)}
