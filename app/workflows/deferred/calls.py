"""Writing down what items ask a provider's batches for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from app.services.batches.endpoint import BatchEndpoint
from app.store.deferred import calls
from app.store.deferred.calls import NewCall
from app.store.group_commit import GroupCommit
from app.store.items import claims
from app.store.items.claims import ItemClaim
from app.store.steps import steps
from app.store.steps.steps import StepId, StepRecord
from app.workflows.contract.exceptions import StepMisused, Systemic
from app.workflows.deferred.providers import why_missing
from app.workflows.keys import new_id

LARGEST_BODY = 1_000_000
"""Characters, as JSON in ASCII."""
LONGEST_URL = LONGEST_MODEL = 200


class NoBatchProvider(Systemic):
    """A family asks for a provider's batches, and there is none of this name, or it is not set."""


class ItemTakenOver(Exception):
    """The item is not in our hands any more: what its code asks for here does not count."""


@dataclass(slots=True)
class _Entry:
    claim: ItemClaim
    record: StepRecord
    call: NewCall
    ours: bool = False


class DeferredCalls:
    """
    Args:
        providers: by name.
    """

    def __init__(self, database: AsyncEngine, providers: Mapping[str, BatchEndpoint]) -> None:
        self._database = database
        self._providers = providers
        self._group = GroupCommit(self._commit, lambda entry: len(entry.call.body))

    async def begin(
        self,
        claim: ItemClaim,
        record: StepRecord,
        body: Mapping[str, object],
        url: str,
        provider: str,
    ) -> None:
        """The step, which waits, and its request are one commit.

        Raises:
            NoBatchProvider
            ItemTakenOver
            StepMisused: this is no request.
        """
        call = request_of(record.id, body, url, provider)
        found = self._providers.get(provider)
        if found is None or not found.is_there:
            why = why_missing(provider, self._providers)
            raise NoBatchProvider(
                f"Step {record.name!r} asks for a batch of {provider!r}, and {why}. Mend that, and"
                " resume the run."
            )
        record.payload = shown(call)
        entry = _Entry(claim, record, call)
        await self._group.add(entry)
        if not entry.ours:
            raise ItemTakenOver("Another worker has taken the item over.")

    async def _commit(self, entries: Sequence[_Entry]) -> None:
        async with self._database.begin() as tx:
            ours = await claims.held(tx, [entry.claim for entry in entries])
            live = [entry for entry in entries if entry.claim in ours]
            if live:
                written = await steps.remember(tx, [entry.record for entry in live])
                new = [entry.call for entry in live if entry.record.id in written]
                await calls.add(tx, new)
        for entry in live:
            entry.ours = True


def request_of(place: StepId, body: Mapping[str, object], url: str, provider: str) -> NewCall:
    """
    Args:
        place: of the step.

    Raises:
        StepMisused: no provider would take it.
    """
    name = place[2]
    told: tuple[object, object] = (body, url)  # whatever was written
    asked, path = told
    if not isinstance(path, str) or not path.startswith("/") or len(path) > LONGEST_URL:
        raise StepMisused(
            f"Step {name!r} takes url= as the path of a request, such as"
            f" /v1/chat/completions, and not {path!r}."
        )
    if not isinstance(asked, Mapping):
        raise StepMisused(
            f"Step {name!r} takes the body of a request, a dict, and not {type(asked).__name__}."
        )
    try:
        text = json.dumps(dict(asked), separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise StepMisused(f"The body of step {name!r} is no JSON: {error}") from None
    if len(text) > LARGEST_BODY:
        raise StepMisused(
            f"The body of step {name!r} is {len(text):,} characters; {LARGEST_BODY:,} fit."
        )
    model = asked.get("model")
    model = model if isinstance(model, str) else ""
    if len(model) > LONGEST_MODEL or not (model + path).isprintable():
        raise StepMisused(
            f"Step {name!r} asks for a model, or takes a path, that no provider can have:"
            f" {model[:50]!r}, {path[:50]!r}."
        )
    return NewCall(new_id("call"), *place, provider, path, model, text)


def shown(call: NewCall) -> str:
    """What people are shown of it, as JSON: the body may be long, and hold what is secret."""
    return json.dumps({"provider": call.provider, "url": call.url, "model": call.model})
