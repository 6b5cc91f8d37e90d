"""``Idempotency-Key``: a call that starts a run may be repeated, and starts it once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from app.api.dependencies import Caller, State
from app.api.root_path import inner_path
from app.errors import BadInput
from app.store.runs.idempotency import IdempotentCall
from app.workflows.backfills.service import BackfillStarted
from app.workflows.runs.start import StartedRun
from app.workflows.serialization.secret_box import SecretBox
from app.workflows.serialization.secret_places import dumped

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST_KEY = 200


def _once(
    request: Request,
    state: State,
    caller: Caller,
    key: Annotated[
        str | None,
        Header(
            alias=HEADER,
            description="1 to 200 printable ASCII characters of your own making; the same call"
            " under the same key is answered as before, and starts nothing",
        ),
    ] = None,
) -> Callable[[BaseModel], IdempotentCall | None]:
    def once(body: BaseModel) -> IdempotentCall | None:
        if key is None:
            return None
        if not (1 <= len(key) <= LONGEST_KEY and key.isascii() and key.isprintable()):
            raise BadInput(
                f"{HEADER} must be of 1 to {LONGEST_KEY} printable ASCII characters.", field=HEADER
            )
        return IdempotentCall(caller, key, fingerprint(state.secrets, request, body))

    return once


OnceFor = Annotated[Callable[[BaseModel], IdempotentCall | None], Depends(_once)]
"""Given the validated body, what the call is known by; None: its caller gave it no key.

Raises BadInput for a key that cannot be used. A call that starts nothing does not ask.
"""


def fingerprint(box: SecretBox, request: Request, body: BaseModel) -> bytes:
    """The same for two bodies that mean the same: defaults are filled in, keys are sorted. Keyed,
    because there may be secrets in it."""
    data, placed = dumped(body)
    canonical = json.dumps(data, sort_keys=True, separators=(",", ":"))
    secrets = [[list(place), _told(value)] for place, value in placed]
    parts = (request.method, inner_path(request.scope), canonical, *map(json.dumps, secrets))
    return box.digest("\0".join(parts))


def _told(secret: object) -> str:
    return secret if isinstance(secret, str) else repr(secret)


def answer_start(response: Response, started: StartedRun | BackfillStarted) -> None:
    """202 for what was started, 200 for what an earlier call had started."""
    response.status_code = 200 if started.replayed else 202
    if started.replayed:
        response.headers[REPLAYED] = "true"
