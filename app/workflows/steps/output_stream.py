"""Partial output: what an item writes while it is at work, to be read live and later."""

from __future__ import annotations

import json
from typing import Any

from app.errors import full_stop
from app.store.steps.outputs import OutputChunk
from app.workflows.contract.exceptions import Fatal
from app.workflows.steps.journal import StepJournal

LARGEST_CHUNK = 64_000
"""Characters, as JSON."""
MOST_CHUNKS = 10_000
"""Of one delivery of an item."""


class OutputStream:
    """``await ctx.stream.write(chunk)``. What another attempt at the item wrote stays: each chunk
    says of which attempt it is."""

    __slots__ = ("_attempt", "_item_id", "_journal", "_run_id", "_written")

    def __init__(
        self, journal: StepJournal | None, run_id: str, item_id: str, attempt: int
    ) -> None:
        self._journal = journal
        self._run_id = run_id
        self._item_id = item_id
        self._attempt = attempt
        self._written = 0

    async def write(self, chunk: Any) -> None:  # whatever JSON can hold
        """Return when the chunk is committed. In a preview it goes nowhere.

        Raises:
            Fatal: it is no JSON, or too large, or one too many.
        """
        try:
            data = json.dumps(chunk, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise Fatal(
                f"What is written to the stream is no JSON: {full_stop(str(error))}"
            ) from None
        if len(data) > LARGEST_CHUNK or "\0" in data:
            raise Fatal(
                f"A chunk of the stream is {len(data):,} characters; {LARGEST_CHUNK:,} fit."
            )
        if self._written >= MOST_CHUNKS:
            raise Fatal(f"An item writes at most {MOST_CHUNKS:,} chunks. Write larger ones.")
        self._written += 1
        if self._journal is not None:
            await self._journal.write(OutputChunk(self._run_id, self._item_id, self._attempt, data))
