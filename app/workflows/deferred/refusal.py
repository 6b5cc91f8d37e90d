"""What a provider says of a batch that it has refused, or that has ended without all answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from app.redaction.redactor import redacted
from app.services.batches.answer_line import UNSAID, AnswerLine
from app.services.batches.remote_batch import BatchFault
from app.services.errors import cut
from app.store.deferred.batch_state import BatchState
from app.store.deferred.calls import OpenCall
from app.store.storable import storable
from app.store.tables.steps import ProviderBatch
from app.workflows.deferred.reply_writer import REFUSED

GONE = "gone"
"""The status of a batch that its provider does not know any more."""


def by_line(faults: list[BatchFault], lines: int) -> Mapping[int, str]:
    """What is wrong with each.

    Args:
        lines: that there are.
    """
    named = ((fault.line, fault.message or fault.code) for fault in faults)
    return {
        line: storable(redacted(cut(said or UNSAID)))
        for line, said in named
        if line and 0 < line <= lines
    }


def why_left(batch: ProviderBatch, faults: list[BatchFault]) -> tuple[str, str]:
    """The code and the sentence of a request that has no answer."""
    status = batch.remote_status
    # Of another batch its row says what went wrong on the way, and not why there is no answer.
    own = batch.error if status in (GONE, BatchState.FAILED) else None
    said = sentence_of(faults) or own
    if status == BatchState.COMPLETED:
        return "left_out", f"Batch {batch.remote_id} has ended without an answer to it."
    more = f": {said}" if said else "."
    return f"batch_{status}", f"Batch {batch.remote_id} is {status}{more}"


def unanswered(call: OpenCall, code: str, message: str) -> AnswerLine:
    """
    Args:
        code, message: of one of which nothing of its own was said.
    """
    if call.refused is not None:
        return AnswerLine(call.id, None, REFUSED, call.refused)
    return AnswerLine(call.id, None, code, message)


def sentence_of(faults: list[BatchFault]) -> str | None:
    """Of the first few; None: it was not said."""
    return " ".join(_sentences(faults)) or None


def _sentences(faults: list[BatchFault]) -> Iterator[str]:
    for fault in faults[:3]:
        at = "" if fault.line is None else f"Line {fault.line}: "
        yield f"{at}{fault.message or fault.code or ''}".strip()
