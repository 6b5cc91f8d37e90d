"""The class that the author of a job family subclasses, and what it declares."""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Iterable, Sequence
from datetime import timedelta
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Select
from typing_extensions import TypeVar as DefaultTypeVar

from app.config.priorities import ORDINARY
from app.workflows.contract.after import After
from app.workflows.contract.backoff import Backoff
from app.workflows.contract.context import Context, Cost
from app.workflows.contract.cron import Cron, Overlap
from app.workflows.contract.event import Event
from app.workflows.contract.finished_run import FinishedRun
from app.workflows.contract.parts.entity import Entity
from app.workflows.contract.parts.family_params import FamilyParams
from app.workflows.contract.parts.flow import Flow
from app.workflows.contract.parts.page import Page
from app.workflows.contract.throttle import Throttle

ParamsT = TypeVar("ParamsT", bound=BaseModel)
EntityT = TypeVar("EntityT")
ResultT = TypeVar("ResultT")
IdT = DefaultTypeVar("IdT", str, int, UUID, default=str)
"""The type of ids in the family's own methods. Sluice itself keeps every id as text."""


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
    """Its former name, or several: when a service starts, runs, schedules, pins and messages of
    that name become this family's. What ``save`` has stored under the name is yours to move."""
    entity: ClassVar[Entity]
    """What it works on: ``Entity("user", "users")`` makes ``process-users`` and ``userId``."""
    verb: ClassVar[str] = "execute"
    """Of the execute route: ``generate`` makes ``generate-user``."""
    version: ClassVar[int] = 1
    """The version of its results. After it was raised, results that ``existing = Remembered(…)``
    has of an earlier version are ``stale``: they count as missing, and are made anew."""
    params: ClassVar[type[BaseModel]] = FamilyParams
    """What a caller may say of a run. A field without a default is required."""
    params_version: ClassVar[int] = 1
    """Raise it to have ``migrate_params`` convert the params of runs, schedules and backfills."""
    invokes: ClassVar[type[BaseModel] | None] = None
    """The model of an entity that a caller may hand over for an item that has no row. ``execute``
    gets it in place of what ``load`` returns. None: every item needs a row."""
    flow: ClassVar[Flow] = Flow()
    """How many may be at work at once, and how many may start in a period, in each layer."""
    throttle: ClassVar[Sequence[Throttle]] = ()
    """While one of these checks says no, nothing new of the family starts. It goes on by itself."""

    attempts: ClassVar[int] = 5
    """Executions of one item that may fail before it is ``failed``."""
    backoff: ClassVar[Backoff] = Backoff()
    """How long to wait between two attempts."""
    timeout: ClassVar[timedelta] = timedelta(minutes=5)
    """For ``load``, ``execute`` and ``save`` together. An item that takes longer is ``timed_out``.
    Waiting for a thread or for the first connection does not count."""
    page_size: ClassVar[int] = 50
    """Ids that are read and filtered at once."""
    chunk_size: ClassVar[int] = 20
    """Ids of one message, where a page holds more."""
    most_empty_pages: ClassVar[int] = 1_000
    """How many pages without an id ``page`` may return in a row. One more fails the run, because
    its source seems to have no end."""

    overlap: ClassVar[Overlap] = Overlap.SKIP
    """What becomes of a start while the family has a run that has not ended."""
    max_failure_rate: ClassVar[float | None] = 0.5
    """A run pauses when a larger share of its items has failed; None: it never does."""
    min_items: ClassVar[int] = 50
    """Items that must have ended before the share is judged."""
    deadline: ClassVar[timedelta | None] = None
    """A run that has been active for longer is paused."""
    priority: ClassVar[int] = ORDINARY
    """0 to 9, for runs that name none. A higher one goes first; lower ones keep a small share."""
    approval: ClassVar[bool] = False
    """Whether every run, once it has counted, waits until somebody approves it."""
    after: ClassVar[str | After | tuple[str | After, ...]] = ()
    """One family or several. A run of this one begins when a run of theirs has succeeded that was
    over all eligible items, or that retried all failed items of such a run."""
    finish_cancelled: ClassVar[bool] = False
    """Whether ``finish`` is called for a run that was cancelled, too."""
    partitions: ClassVar[Any] = None  # Daily(), …; or a method: a Partitioning
    """How the work is cut for backfills: see ``app.workflows.contract.partitions``."""
    schedule: ClassVar[Cron | None] = None
    """When runs start by themselves; operators may pause it, and add others."""
    on: ClassVar[Sequence[Event]] = ()
    """Events that start a run for the items that they name."""

    def migrate_params(self, old: dict[str, Any], version: int) -> dict[str, Any]:
        """Convert params that were stored under an earlier ``params_version``. Both have the names
        that are used over HTTP, and what is returned is validated like any params.
        Always a plain ``def``. Called in the event loop, whenever such params are read.
        """
        return old

    def ready(self, params: ParamsT, ctx: Context) -> Awaitable[None] | None:
        """Raise an error with a sentence if the work cannot be done just now: a key is missing, an
        index is being rebuilt. The return value is ignored. It has 30 seconds.

        Called once for each run, before anything is counted. If it raises, the run ends as
        ``failed``, with reason ``not_ready`` and the sentence; ``RetryAfter`` calls it again later,
        and ``Systemic`` pauses the run. Also called, without a ``run_id``, before a dry run or a
        caller's start, which is then refused. Not called for a preview or a child.
        """
        return None

    def eligible(self, params: ParamsT) -> Select[Any] | Select[Any, Any]:  # of any columns
        """A SELECT of one column, the id: text, a whole number or a UUID. Sluice counts it and
        reads it in pages, by id, so it has no ORDER BY and no LIMIT of its own. An id selected
        twice counts once; NULL is refused. A second column: the item's partition (see
        ``FlowControl``).
        """
        raise NotImplementedError

    def page(
        self, cursor: str | None, size: int, params: ParamsT, ctx: Context
    ) -> Awaitable[Page] | Page:
        """In place of ``eligible``, for a source that is not SQL. You define what the cursor is, in
        at most 1,000 characters; the first page has none.

        Ids must come in a fixed order, so that a page read twice holds the same ids. Cursors that
        go in a circle, or too many empty pages in a row, end the run as failed.
        """
        raise NotImplementedError

    def count(self, params: ParamsT, ctx: Context) -> Awaitable[int | None] | int | None:
        """How many ids ``page`` will return in all; None if the source cannot tell."""
        return None

    def estimate_cost(self, params: ParamsT) -> Cost | None:
        """What one item will cost, for a dry run; None: estimate it from what earlier runs spent.
        Always a plain ``def``. Called in the event loop: it may calculate, but not do I/O.
        """
        return None

    def existing(
        self, ids: Sequence[IdT], params: ParamsT, ctx: Context
    ) -> Awaitable[Collection[IdT]] | Collection[IdT]:
        """Which of these ids already have a result. Make one round trip for the whole list.

        ``existing = Remembered(within=timedelta(days=30))``, in place of the method, leaves it to
        Sluice, which remembers the items that its runs ended as ``succeeded``.
        """
        return ()

    def load(self, item_id: IdT, ctx: Context) -> Awaitable[EntityT | None] | EntityT | None:
        """The entity, or None if it is gone: then the item is skipped."""
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
        """In place of ``save`` for an entity that a caller handed over: ``ctx.item_id`` is an id
        that was made for it. By default nothing is saved, and the result is kept on the item only.
        Safe to repeat."""

    def finish(self, run: FinishedRun[ResultT], ctx: Context) -> Awaitable[Any] | Any:
        """Called once, when a run's last item has ended and before the run ends. It is an item of
        its own, with the family's ``attempts``, ``backoff`` and ``timeout``, and may have steps.
        What it returns, any JSON, is the run's result. If it fails for good, the run ends as
        ``partial``. Not called for a run that had nothing to do, that failed as a whole, or that a
        step of another item began. Safe to repeat: a crash repeats it from its last step.
        """
        return None

    def stored(
        self, item_id: IdT, params: ParamsT, ctx: Context
    ) -> Awaitable[ResultT | None] | ResultT | None:
        """The stored result of this item, for a preview to compare with; None if there is none."""
        return None


AnyFamily = JobFamily[Any, Any, Any, Any]  # whose types only its author knows


def overridden(family: AnyFamily, methods: Iterable[str]) -> set[str]:
    """Which of these methods the family's author wrote."""
    return {m for m in methods if getattr(type(family), m) is not getattr(JobFamily, m)}
