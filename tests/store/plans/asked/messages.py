"""Messages of either engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.engine import OutgoingMessage, Token
from app.engine.postgres import statements as queue
from app.engine.postgres.engine import PostgresEngine
from app.engine.qstash import statements as outbox
from tests.store.plans.asked.wanted import DAY, KEY, Asked, Wanted, publication, queue_of, raw

NOBODY: Any = None  # no pool is asked: each call has its transaction
ENGINE = PostgresEngine(NOBODY, "")


def messages(wanted: Wanted) -> list[OutgoingMessage]:
    """New ones, and some that wait and are in hand."""
    there = [f"m{seq}" for seq in (*wanted.waiting, *(seq for seq, _ in wanted.in_hand))]
    return [OutgoingMessage(one, KEY, b"") for one in (*there, *(f"new{one}" for one in there))]


async def settle(tx: AsyncConnection, delay: Any, tokens: list[Token]) -> None:
    await (await queue_of(tx)).settle(dict.fromkeys(tokens, delay))


def held(wanted: Wanted) -> int:
    """In the outbox."""
    return 3 * wanted.one + 1


def publications(wanted: Wanted) -> list[str]:
    return [str(publication(seq)) for seq in wanted.unsent]


BY_KEY: Mapping[str, Asked] = {
    "publish": lambda tx, w: ENGINE.publish(tx, messages(w)),
    "withdraw": lambda tx, w: ENGINE.withdraw(tx, [f"m{seq}" for seq in w.waiting]),
    "living": lambda tx, w: ENGINE.living(tx, w.in_hand),
    "abandoned": lambda tx, w: ENGINE.abandoned(tx, w.in_hand),
    "end": lambda tx, w: settle(tx, None, w.in_hand),
    "again": lambda tx, w: settle(tx, DAY, w.in_hand),
    "withdraw from the outbox": lambda tx, w: raw(
        tx, outbox.WITHDRAW, [f"m{seq}" for seq in w.unsent]
    ),
    "living in the outbox": lambda tx, w: raw(tx, outbox.LIVING, [seq + 1 for seq in w.unsent]),
    "sent": lambda tx, w: raw(tx, outbox.SENT, w.unsent, publications(w)),
    "not sent": lambda tx, w: raw(tx, outbox.NOT_SENT, w.unsent, publications(w), DAY),
}
OF_ONE: Mapping[str, Asked] = {
    "give back of the dead": lambda tx, w: raw(tx, queue.GIVE_BACK_OF_DEAD, [UUID(int=0)]),
    "depth": lambda tx, w: ENGINE.depth_of(tx, [(KEY, f"m{w.waiting[0]}")]),
    "hold": lambda tx, w: raw(
        tx, outbox.HOLD, f"m{w.unsent[0]}", KEY, publication(w.unsent[0]), 0, DAY
    ),
    "held": lambda tx, w: raw(tx, outbox.HELD, f"m{held(w)}", KEY, publication(held(w))),
    "end what is held": lambda tx, w: raw(tx, outbox.END, held(w), 1),
    "have what is held again": lambda tx, w: raw(tx, outbox.AGAIN, held(w), 1, DAY, DAY),
    "given up": lambda tx, w: raw(tx, outbox.GIVEN_UP, f"m{held(w)}", publication(held(w)), DAY),
    "depth of the outbox": lambda tx, w: raw(tx, outbox.DEPTH_OF, [KEY], [f"m{held(w)}"]),
}
