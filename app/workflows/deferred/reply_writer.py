"""Handing a batch's answers to the items that wait for them: each is written once, however often
its file is read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.engine import Engine
from app.services.batches.answer_line import TOO_LARGE, AnswerLine
from app.store.deferred import batches, calls, replies
from app.store.deferred.calls import OpenCall
from app.store.deferred.replies import StepReply
from app.store.runs import counters
from app.store.runs.counters import CounterDelta
from app.store.statuses import ItemStatus, StepStatus
from app.store.steps import suspension
from app.store.steps.steps import ItemId
from app.store.tables.steps import ProviderBatch
from app.workflows.contract.steps.deferred_reply import stored_failure, stored_reply
from app.workflows.messages import of_woken
from app.workflows.runs.lifecycle import RunLifecycle

AT_ONCE = 200
"""Answers of one transaction."""
MOST_TRIES = 3
"""Batches into which a request goes before its step fails."""
LONGEST_DELAY = timedelta(hours=1)
WAITS = (ItemStatus.SUSPENDED, ItemStatus.PENDING)
PASSING = frozenset({408, 409, 425, 429})
REFUSED = "refused"
"""The code of a request that the provider refuses with its whole batch."""
NO_END = "no_end"
"""The code of a request whose batch was given up while the provider may still answer it: another
batch might pay for it a second time, so that only a person has it asked again."""
NO_PROVIDER = "no_provider"
"""The code of a request whose provider was lacking where batches are looked after: another batch
would wait, too."""
FINAL = frozenset({TOO_LARGE, REFUSED, NO_END, NO_PROVIDER})


@dataclass(slots=True)
class _Tally:
    done: int = 0
    failed: int = 0
    again: int = 0
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class ReplyWriter:
    database: AsyncEngine
    engine: Engine
    lifecycle: RunLifecycle
    look_ahead: int

    async def write(
        self,
        batch: ProviderBatch,
        answers: Sequence[AnswerLine | None],
        *,
        read: Mapping[str, int],
        delay: timedelta,
    ) -> ProviderBatch:
        """Write some lines of a file, which stand one behind the other.

        Args:
            read: columns that say how far the file is written then.
            delay: after which a request may go into another batch, the first time.

        Raises:
            TakenOver
        """
        told = {one.custom_id: one for one in reversed(answers) if one is not None}
        async with self.database.begin() as tx:
            found = await calls.of_batch(tx, batch.id, sorted(told))
        pairs = [(call, told[call.id]) for call in found]
        # A file that breaks off ever further behind is no provider that fails. Each of a batch's
        # requests is found once, and so this ends.
        more = {**read, "tries": 0} if pairs else read
        return await self._settle(batch, pairs, delay, tried=True, more=more)

    async def settle(
        self,
        batch: ProviderBatch,
        answers: Sequence[tuple[OpenCall, AnswerLine]],
        *,
        delay: timedelta,
        tried: bool = True,
    ) -> ProviderBatch:
        """Likewise of requests of which the batch's files said nothing.

        Args:
            tried: that counts as a try of those which go into another batch.
        """
        return await self._settle(batch, answers, delay, tried=tried, more={})

    async def _settle(
        self,
        batch: ProviderBatch,
        pairs: Sequence[tuple[OpenCall, AnswerLine]],
        delay: timedelta,
        *,
        tried: bool,
        more: Mapping[str, int],
    ) -> ProviderBatch:
        async with self.database.begin() as tx:
            tally = _Tally()
            # First, and so only one process at a time settles what a batch has said.
            await batches.hold(tx, batch)
            busy = await self._write(tx, pairs, tally, delay, tried=tried, wait=False)
            batch = await _counted(tx, batch, tally, {} if busy else more)
        # One after the other: of a single item's lock nobody waits in a circle.
        for number, pair in enumerate(busy, start=1):
            async with self.database.begin() as tx:
                tally = _Tally()
                await self._write(tx, [pair], tally, delay, tried=tried, wait=True)
                # The file's lines count as written with the last of them.
                batch = await _counted(tx, batch, tally, more if number == len(busy) else {})
        return batch

    async def _write(
        self,
        tx: AsyncConnection,
        pairs: Sequence[tuple[OpenCall, AnswerLine]],
        tally: _Tally,
        delay: timedelta,
        *,
        tried: bool,
        wait: bool,
    ) -> list[tuple[OpenCall, AnswerLine]]:
        """Returns those whose items somebody has locked."""
        places = sorted({call.place for call, _ in pairs})
        if wait:
            stand = await suspension.lock(tx, places)
        else:
            stand = await calls.lock_items(tx, places)
        busy: list[tuple[OpenCall, AnswerLine]] = []
        over: list[str] = []
        again: dict[timedelta, list[str]] = defaultdict(list)
        ended: list[StepReply] = []
        for call, answer in pairs:
            if call.place not in stand and not wait:
                busy.append((call, answer))
            elif stand.get(call.place) not in WAITS:
                over.append(call.id)
                tally.dropped += 1
            elif _goes_again(answer) and (not tried or call.tries + 1 < MOST_TRIES):
                again[min(delay * 2**call.tries, LONGEST_DELAY)].append(call.id)
                tally.again += 1
            else:
                over.append(call.id)
                ended.append(_reply(call, answer))
                tally.done += answer.body is not None
                tally.failed += answer.body is None
        for later, ids in again.items():
            await calls.give_back(tx, ids, later, tried=tried)
        if ended:
            await self._hand_over(tx, ended)
        if over:
            await calls.delete(tx, over)
        return busy

    async def _hand_over(self, tx: AsyncConnection, ended: Sequence[StepReply]) -> None:
        told = await replies.settle(tx, ended)
        spent: dict[ItemId, int] = defaultdict(int)
        for one in ended:
            if one.tokens and one.place in told:
                spent[one.place] += one.tokens
        if spent:
            await replies.spend(tx, spent)
        woken = await suspension.go_on(tx, told) if told else []
        by_run: dict[str, int] = defaultdict(int)
        for (run_id, _), tokens in spent.items():
            by_run[run_id] += tokens
        for run_id in sorted(by_run):
            delta = CounterDelta({}, spent_tokens=by_run[run_id])
            counted = await counters.count(tx, run_id, delta, look_ahead=self.look_ahead)
            await self.lifecycle.counted(tx, run_id, counted)
        await self.engine.publish(tx, of_woken(woken))


async def _counted(
    tx: AsyncConnection, batch: ProviderBatch, tally: _Tally, more: Mapping[str, int]
) -> ProviderBatch:
    return await batches.change(
        tx,
        batch,
        done=batch.done + tally.done,
        failed=batch.failed + tally.failed,
        again=batch.again + tally.again,
        dropped=batch.dropped + tally.dropped,
        **more,
    )


def _goes_again(answer: AnswerLine) -> bool:
    """Whether another batch may bring an answer."""
    if answer.body is not None or answer.code in FINAL:
        return False
    return answer.status is None or answer.status in PASSING or answer.status >= 500


def _reply(call: OpenCall, answer: AnswerLine) -> StepReply:
    step = (call.run_id, call.item_id, call.step)
    if answer.body is not None:
        kept = stored_reply(answer.status or 200, answer.body)
        return StepReply(*step, StepStatus.DONE, kept, tokens=answer.tokens)
    said = " ".join(
        part
        for part in (
            "" if answer.status is None else f"The provider answered {answer.status}.",
            answer.message,
        )
        if part
    )
    kept = stored_failure(answer.status, answer.code, terminal=not _goes_again(answer))
    return StepReply(*step, StepStatus.FAILED, kept, "DeferredFailed", said, tokens=answer.tokens)
