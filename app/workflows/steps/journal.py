"""Remembering steps: those of many items in one transaction, and only for deliveries that are
still ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.connections.driver import refusal
from app.store.database import reading
from app.store.group_commit import GroupCommit
from app.store.items import claims
from app.store.items.claims import ItemClaim
from app.store.statuses import StepStatus
from app.store.steps import outputs, steps
from app.store.steps.outputs import OutputChunk
from app.store.steps.steps import StepRecord
from app.store.tables.steps import Step
from app.workflows.contract.exceptions import Fatal
from app.workflows.failures.takeover import Superseded


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A remembered step. ``left``: how long it still waits; None: it does not wait for a time."""

    step: Step
    left: timedelta | None = None

    @property
    def done(self) -> bool:
        return self.step.status == StepStatus.DONE


@dataclass(slots=True)
class _Entry:
    claim: ItemClaim
    record: StepRecord
    ours: bool = False
    written: bool = False


class StepJournal:
    def __init__(self, database: AsyncEngine) -> None:
        self._database = database
        self._records = GroupCommit(self._commit, _weight)
        self._chunks = GroupCommit(self._write, lambda chunk: len(chunk.data))

    async def of_item(self, run_id: str, item_id: str) -> dict[str, JournalEntry]:
        """The item's steps, by name."""
        async with reading(self._database) as connection:
            found = await steps.of_item(connection, run_id, item_id)
            now = await connection.scalar(select(func.now())) if found else None
        return {
            step.name: JournalEntry(
                step, None if step.due_at is None or now is None else step.due_at - now
            )
            for step in found
        }

    async def now(self) -> datetime:
        """The time, by the clock that decides when a wait is over."""
        async with reading(self._database) as connection:
            return (await connection.execute(select(func.now()))).scalar_one()

    async def remember(self, claim: ItemClaim, record: StepRecord) -> str | None:
        """Returns the result that is remembered from now on: of two deliveries that ran the same
        step, the first one's.

        Raises:
            Superseded: the item is not in our hands any more.
            Fatal: Postgres does not take it.
        """
        entry = _Entry(claim, record)
        with _told(f"Step {record.name!r} cannot be remembered."):
            await self._records.add(entry)
        if not entry.ours:
            raise Superseded("Another worker has taken the item over.")
        if entry.written:
            return record.result
        async with reading(self._database) as connection:
            found = await steps.find(connection, *record.id)
        return None if found is None else found.result

    async def write(self, chunk: OutputChunk) -> None:
        """
        Raises:
            Fatal: Postgres does not take it.
        """
        with _told("What is written to the stream cannot be kept."):
            await self._chunks.add(chunk)

    async def _commit(self, entries: Sequence[_Entry]) -> None:
        async with self._database.begin() as tx:
            ours = await claims.held(tx, [entry.claim for entry in entries])
            live = [entry for entry in entries if entry.claim in ours]
            written = await steps.remember(tx, [e.record for e in live]) if live else set()
        for entry in live:
            entry.ours, entry.written = True, entry.record.id in written

    async def _write(self, chunks: Sequence[OutputChunk]) -> None:
        async with self._database.begin() as tx:
            await outputs.write(tx, chunks)


def _weight(entry: _Entry) -> int:
    return len(entry.record.result or "")


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Another try would be refused as well."""
    try:
        yield
    except DBAPIError as error:
        said = refusal(error)
        if said is None:
            raise
        raise Fatal(f"{what} Postgres says: {said}") from None
