"""``Idempotency-Key``: a call that starts a run may be repeated, and starts it once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from app.api.deps import Caller
from app.api.root_path import inner_path
from app.errors import BadInput
from app.store.idempotency import Once
from app.workflows.starting import Started

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST_KEY = 200


def _once(
    request: Request,
    caller: Caller,
    key: Annotated[
        str | None,
        Header(
            alias=HEADER,
            description="1 to 200 printable ASCII characters of your own making; the same call"
            " under the same key is answered as before, and starts nothing",
        ),
    ] = None,
) -> Callable[[BaseModel], Once | None]:
    def once(body: BaseModel) -> Once | None:
        if key is None:
            return None
        if not (1 <= len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
            raise BadInput(
                f"{HEADER} must be of 1 to {LONGEST_KEY} printable ASCII characters.", field=HEADER
            )
        return Once(caller, key, fingerprint(request, body))

    return once


OnceFor = Annotated[Callable[[BaseModel], Once | None], Depends(_once)]
"""Given the validated body, what the call is known by; None: its caller gave it no key.

Raises BadInput for a key that cannot be used. A call that starts nothing does not ask.
"""


def fingerprint(request: Request, body: BaseModel) -> bytes:
    """The same for two bodies that mean the same: defaults are filled in, keys are sorted."""
    canonical = json.dumps(
        body.model_dump(mode="json", by_alias=True), sort_keys=True, separators=(",", ":")
    )
    parts = (request.method, inner_path(request.scope), canonical)
    return hashlib.sha256("\0".join(parts).encode()).digest()


def answer_start(response: Response, started: Started) -> None:
    """202 for a run that was started, 200 for one that an earlier call had started."""
    response.status_code = 200 if started.replayed else 202
    if started.replayed:
        response.headers[REPLAYED] = "true"
