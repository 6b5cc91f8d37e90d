"""Items that a worker had in hand which is gone, or hangs: taken over, and told."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.engine import Abandoned, Engine, Token
from app.store.items import claims
from app.store.items.claims import ItemClaim
from app.store.runs import runs, takeovers
from app.store.runs.takeovers import Takeover
from app.workflows.keys import Layer, parse_flow_key, worker_id
from app.workflows.messages import ExecuteMessage

log = structlog.get_logger("sluice.worker")


@dataclass(frozen=True, slots=True)
class Takeovers:
    """
    Args:
        worker: who takes over, as ``app.workflows.keys.worker_id`` names it.
    """

    database: AsyncEngine
    engine: Engine
    worker: str

    async def take(self, run_id: str, held: Mapping[str, Token], token: Token) -> list[str]:
        """Claim what deliveries still hold that are over. What is told of a worker that is
        gone is one commit with the first items that are taken from it.

        Args:
            held: whose claim each item carries.
        """
        async with self.database.begin() as tx:
            over = set(held.values())
            taken = await claims.take_from(tx, run_id, list(held), token, over)
            told = await self._told(tx, run_id, [held[one] for one in taken]) if taken else []
        for one in told:
            log.warning(
                "items_taken_over",
                run=run_id,
                former=one.former,
                worker=one.worker,
                items=one.items,
            )
        return taken

    async def _told(
        self, tx: AsyncConnection, run_id: str, former: Collection[Token]
    ) -> list[Takeover]:
        told = []
        for left in await self.engine.abandoned(tx, set(former)):
            name = worker_id(left.worker)
            if name == self.worker or await takeovers.is_told(tx, run_id, name):
                continue
            await runs.lock(tx, run_id)
            if await takeovers.is_told(tx, run_id, name):
                continue  # by another worker meanwhile
            of_worker = {one.token for one in left.deliveries}
            # Those that other workers take just now are seen as they were: they wait for our lock.
            rest = await claims.held(tx, _claims(run_id, left))
            number = len(rest) + sum(one in of_worker for one in former)
            told.append(Takeover(name, self.worker, number))
            await takeovers.tell(tx, run_id, told[-1])
        return told


def _claims(run_id: str, left: Abandoned) -> list[ItemClaim]:
    found = []
    for delivery in left.deliveries:
        if parse_flow_key(delivery.flow_key)[1] is Layer.EXECUTE:
            message = ExecuteMessage.read(delivery.payload)
            if message.run == run_id:
                found += [ItemClaim(run_id, item_id, delivery.token) for item_id in message.items]
    return found
