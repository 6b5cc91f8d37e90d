"""What a provider says of a batch that it has refused, or that has ended without all answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from app.services.batches.answer_line import UNSAID
from app.services.batches.remote_batch import BatchFault
from app.store.deferred.batch_state import BatchState
from app.store.tables.steps import ProviderBatch
from app.workflows.deferred.reply_writer import AT_ONCE


def by_line(faults: list[BatchFault], lines: int) -> Mapping[int, str]:
    """What is wrong with each, of as many as are settled in one transaction.

    Args:
        lines: that there are.
    """
    named = ((fault.line, fault.message or fault.code) for fault in faults)
    found = {line: said or UNSAID for line, said in named if line and 0 < line <= lines}
    return dict(list(found.items())[:AT_ONCE])


def why_left(batch: ProviderBatch, faults: list[BatchFault]) -> tuple[str, str]:
    """The code and the sentence of a request that has no answer."""
    status = batch.remote_status
    said = sentence_of(faults) or batch.error
    if status == BatchState.COMPLETED:
        return "left_out", f"Batch {batch.remote_id} has ended without an answer to it."
    more = f": {said}" if said else "."
    return f"batch_{status}", f"Batch {batch.remote_id} is {status}{more}"


def sentence_of(faults: list[BatchFault]) -> str | None:
    """Of the first few; None: it was not said."""
    return " ".join(_sentences(faults)) or None


def _sentences(faults: list[BatchFault]) -> Iterator[str]:
    for fault in faults[:3]:
        at = "" if fault.line is None else f"Line {fault.line}: "
        yield f"{at}{fault.message or fault.code or ''}".strip()
