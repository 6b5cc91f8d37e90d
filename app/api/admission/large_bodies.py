"""Reading a body that is large without holding up whoever sent a small one."""

from __future__ import annotations

import asyncio
import json

from pydantic import JsonValue

from app import exact_json
from app.api.admission.concurrency import ConcurrencyLimit
from app.errors import BadInput
from app.workflows.serialization.json_text import require_small

MOST_VALUES = 50_000
"""Of one body. A list of ids has 5,000 at the most."""
PATIENCE = 30.0
"""Seconds."""
LARGE = 20_000
"""Bytes. To read so many takes some milliseconds at the most."""


class LargeBodies:
    """Of JSON. Large ones are read in a thread, which gives way to what is answered meanwhile, and
    one at a time; those of very many values, which take longest, not at all."""

    def __init__(self, largest_params: int) -> None:
        self._largest_params = largest_params
        self._turns = ConcurrencyLimit("large bodies", each=1, total=1, patience=PATIENCE)

    async def read(self, body: bytes, token: str) -> JsonValue:
        """
        Args:
            token: the name of the caller's; "": of one who needs none.

        Raises:
            TooManyTries: others' bodies took too long.
            json.JSONDecodeError, exact_json.Refused: see ``exact_json.loads``.
            BadInput: it has too many values, or params that no run may have.
        """
        if len(body) <= LARGE:
            return exact_json.loads(body)
        if _has_too_many_values(body):
            raise BadInput(
                f"The body has more than {MOST_VALUES:,} values. Send fewer at a time.",
                field="body",
            )
        async with self._turns.place(token):
            return await asyncio.to_thread(self._read, body)

    def _read(self, body: bytes) -> JsonValue:
        value = exact_json.loads(body)
        if isinstance(value, dict) and len(body) > self._largest_params:
            # Here already: to look closer at them, as at those that are kept, takes longer still.
            for word in {"params", "entity"} & value.keys():
                require_small(len(json.dumps(value[word])), self._largest_params, word)
        return value


def _has_too_many_values(body: bytes) -> bool:
    """By its commas and brackets, which are counted a hundred times as fast as values are made."""
    if _marks(body) <= MOST_VALUES:
        return False
    plain = body.replace(rb"\\", b"").replace(rb"\"", b"")
    if plain.count(b'"') > 4 * MOST_VALUES:
        return True  # each value that is a text, and its name, has two
    return _marks(b"".join(plain.split(b'"')[::2])) > MOST_VALUES  # what stands in no text


def _marks(text: bytes) -> int:
    return text.count(b",") + text.count(b"[") + text.count(b"{")
