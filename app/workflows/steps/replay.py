"""The steps that earlier deliveries of an item remembered, held against those that its code asks
for now."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

from app.store.items.claims import ItemClaim
from app.store.statuses import StepKind, StepStatus
from app.store.steps.steps import StepRecord
from app.store.tables.steps import Step
from app.workflows.contract.exceptions import StepFailed, StepMisused, StepsChanged
from app.workflows.contract.steps.deferred_reply import DeferredFailed
from app.workflows.steps.journal import JournalEntry, StepJournal
from app.workflows.steps.payloads import StepCall, listed


class StepReplay:
    """The remembered steps of an item, for one delivery of it.

    Args:
        remembers: an earlier delivery has left steps behind.
        attempt: at the item, from 1.
    """

    __slots__ = (
        "_attempt", "_claim", "_journal", "_known", "_loading", "_names", "_remembers", "_retried",
    )  # fmt: skip

    def __init__(
        self, journal: StepJournal, claim: ItemClaim, *, attempt: int, remembers: bool
    ) -> None:
        self._journal = journal
        self._claim = claim
        self._attempt = attempt
        self._remembers = remembers
        self._known: Mapping[str, JournalEntry] = {}
        self._loading: asyncio.Task[Mapping[str, JournalEntry]] | None = None
        self._names: set[str] = set()
        self._retried = False

    @property
    def begun(self) -> bool:
        """Whether a step was asked for."""
        return bool(self._names)

    async def ask(self, name: str, kind: StepKind, *, alone: bool) -> StepCall:
        """
        Args:
            alone: ``execute`` itself asks for it, and not a task that it began.

        Raises:
            StepMisused: another step of the item has the name.
            StepsChanged: what is remembered is not what the code asks for.
            StepFailed: it has failed for good in this attempt at the item.
        """
        if name in self._names:
            raise StepMisused(
                f"Two steps of the item are named {name!r}. A step is remembered by its name, so"
                " each one needs its own: number those of a loop."
            )
        self._names.add(name)
        position = len(self._names)
        await self._load()
        known = self._known.get(name)
        if known is None:
            if alone:
                # One step after another, so all that came before have been asked for by now.
                self._require_asked({n: k for n, k in self._known.items() if k.step.alone})
            return StepCall(self._record(name, kind, position, alone), None)
        if known.step.kind != kind:
            raise StepsChanged(
                f"Step {name!r} is remembered as a {known.step.kind} and asked for as a {kind}."
                " Give it another name."
            )
        record = self._record(name, kind, known.step.position, known.step.alone)
        record.started_at = known.step.started_at
        record.attempts = known.step.attempts
        record.child_run = known.step.child_run
        if known.step.item_attempt == self._attempt:
            record.tries = known.step.tries
        if known.step.status == StepStatus.FAILED:
            if known.step.item_attempt == self._attempt:
                raise _failure_of(known.step)
            self._retried = True  # and what follows may be other steps than before
        return StepCall(record, known)

    async def end(self) -> None:
        """
        Raises:
            StepsChanged: the code did not ask for a step that is remembered.
        """
        if self._remembers:
            await self._load()
            self._require_asked(self._known)

    async def _load(self) -> None:
        if not self._remembers:
            return
        if self._loading is None:
            steps = self._journal.of_item(self._claim.run_id, self._claim.item_id)
            self._loading = asyncio.create_task(steps)
        # Shielded: a task that is cancelled must not take it from the others.
        self._known = await asyncio.shield(self._loading)

    def _record(self, name: str, kind: StepKind, position: int, alone: bool) -> StepRecord:
        return StepRecord(
            self._claim.run_id,
            self._claim.item_id,
            name,
            kind,
            StepStatus.WAITING,
            position,
            alone,
            self._attempt,
            datetime.now(UTC),
        )

    def _require_asked(self, known: Mapping[str, JournalEntry]) -> None:
        if self._retried:
            return
        missing = sorted(known.keys() - self._names)
        if missing:
            raise StepsChanged(
                f"The item remembers {listed(missing)}, which its code does not ask for any more."
                " Was a step renamed or removed while the item was under way? Give it back its"
                " name, or cancel the run and start the item anew."
            )


def _failure_of(step: Step) -> StepFailed:
    if step.kind == StepKind.DEFERRED:
        return DeferredFailed.remembered(step.name, step.error_message or "", step.result)
    return StepFailed(step.name, step.error_class or "", step.error_message or "")
