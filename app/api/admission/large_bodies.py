"""Reading a body that is large without holding up whoever sent a small one."""

from __future__ import annotations

import asyncio
import json

from pydantic import JsonValue

from app import exact_json
from app.api.admission.concurrency import ConcurrencyLimit
from app.workflows.serialization.params import require_small

PATIENCE = 30.0
"""Seconds."""
LARGE = 20_000
"""Bytes. To read so many takes some milliseconds at the most."""


class LargeBodies:
    """Of JSON. A megabyte of small values takes half a second to read: large ones are read in a
    thread, which gives way to what is answered meanwhile, and one at a time."""

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
            BadInput: the params in it are larger than those of any run may be.
        """
        if len(body) <= LARGE:
            return exact_json.loads(body)
        async with self._turns.place(token):
            return await asyncio.to_thread(self._read, body)

    def _read(self, body: bytes) -> JsonValue:
        value = exact_json.loads(body)
        if isinstance(value, dict) and "params" in value and len(body) > self._largest_params:
            # Here already: to look closer at them, as at those that are kept, takes longer still.
            require_small(len(json.dumps(value["params"])), self._largest_params)
        return value
