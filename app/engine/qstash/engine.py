"""The outbox in our own database, and QStash, which calls us; docs/decisions/0027 says how."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.config.priorities import HIGHEST
from app.connections.driver import fetch_raw
from app.engine import Abandoned, Backlog, Delivery, Depth, Lane, OutgoingMessage, Token, Unsent
from app.engine.qstash import statements
from app.engine.qstash.answer import NEVER, OVER, DeliveryAnswer, come_again
from app.engine.qstash.letter import Letter
from app.engine.qstash.publication import RETRIES
from app.engine.qstash.receiver import QStashReceiver
from app.engine.qstash.sender import LONGEST_PAUSE, OutboxSender
from app.engine.qstash.target import DeliveryTarget, LabelOf, TargetOf
from app.store.database import reading

if TYPE_CHECKING:  # to import it takes long
    from qstash import AsyncQStash

HORIZON = timedelta(days=1)
"""A message is handed to QStash no earlier than so long before it is due: every plan takes that."""
MARGIN = timedelta(seconds=10)
"""Beyond its time limit, after which a delivery counts as given up."""
LOOK_AGAIN = timedelta(seconds=10)
"""Until a letter comes again whose message is in hand, or for which nobody has a place here."""
KNOWN_WITHIN = timedelta(seconds=3)
"""In which every process reads what is held: see ``app.flow.redis_gate.CONFIG_POLL``."""
GIVEN_UP_AGAIN = timedelta(minutes=5)
"""Until a message is sent again that QStash has given up."""
RANKS = 10
"""Of a priority: a row has one number for both."""


class QStashEngine:
    """An ``Engine`` whose messages QStash delivers over HTTP, to ``deliver``. Of priorities it
    knows no more than the order in which messages are sent to QStash.

    Args:
        client: the official one; whoever opened it closes it.
        app_url: under which QStash reaches us.
        failed_path: where QStash tells of what it has given up, which goes to ``given_up``.
        stop_timeout: for what is in hand to end when a worker stops.
    """

    def __init__(
        self,
        database: AsyncEngine,
        client: AsyncQStash,
        app_url: str,
        target_of: TargetOf,
        *,
        label_of: LabelOf = lambda _key, _payload: "",
        failed_path: str | None = None,
        stop_timeout: timedelta = timedelta(seconds=20),
        look_again: timedelta = LOOK_AGAIN,
    ) -> None:
        self._database = database
        self.client = client
        self.target_of = target_of
        self._stop_timeout = stop_timeout
        self._look_again = look_again
        self._receivers: list[QStashReceiver] = []
        self.sender = OutboxSender(database, client, app_url, target_of, label_of, failed_path)

    async def publish(self, tx: AsyncConnection, messages: Sequence[OutgoingMessage]) -> int:
        if not messages:
            return 0
        once = list({message.id: message for message in messages}.values())
        [(fresh,)] = await fetch_raw(
            tx,
            statements.PUBLISH,
            [m.id for m in once],
            [m.flow_key for m in once],
            [m.payload for m in once],
            [m.size for m in once],
            [RANKS * m.priority + m.rank for m in once],
            [m.delay for m in once],
            HORIZON,
        )
        if fresh:
            self.sender.send_after(tx)
        return int(fresh)

    async def withdraw(self, tx: AsyncConnection, ids: Collection[str]) -> None:
        # What QStash has already comes, and counts for nothing then.
        await fetch_raw(tx, statements.WITHDRAW, list(ids))

    async def living(self, tx: AsyncConnection, tokens: Collection[Token]) -> set[Token]:
        numbers = list({number for number, _ in tokens})
        found = await fetch_raw(tx, statements.LIVING, numbers) if numbers else ()
        return {(row[0], row[1]) for row in found}.intersection(tokens)

    async def abandoned(
        self,
        tx: AsyncConnection,
        tokens: Collection[Token],
    ) -> Sequence[Abandoned]:
        return ()  # whoever is called is no worker: nobody is missed

    async def rename(self, tx: AsyncConnection, old: str, new: str) -> None:
        await fetch_raw(tx, statements.RENAME, old, new, HORIZON)
        self.sender.send_after(tx)

    async def hurry(self, tx: AsyncConnection, flow_keys: Sequence[str], until: datetime) -> None:
        # What QStash has already comes later, and counts for nothing then: see PUBLISH.
        await fetch_raw(tx, statements.HURRY, list(flow_keys), until, KNOWN_WITHIN)
        self.sender.send_after(tx)

    async def tidy(self) -> None:
        await self.sender.send_left_overs()

    async def depth(self) -> Mapping[str, Depth]:
        async with self._database.connect() as tx:
            return {row[0]: Depth(*row[1:]) for row in await fetch_raw(tx, statements.DEPTH)}

    async def depth_of(self, tx: AsyncConnection, of: Sequence[tuple[str, str]]) -> Sequence[Depth]:
        keys, prefixes = [key for key, _ in of], [prefix for _, prefix in of]
        return [Depth(*row) for row in await fetch_raw(tx, statements.DEPTH_OF, keys, prefixes)]

    async def backlog(
        self, tx: AsyncConnection, flow_keys: Sequence[str], *, most: int
    ) -> Mapping[str, Backlog]:
        rows = await fetch_raw(tx, statements.BACKLOG, list(flow_keys), most * len(flow_keys))
        found = {key: Backlog(Depth(*sums), oldest) for key, *sums, oldest in rows}
        return {key: found.get(key, Backlog()) for key in flow_keys}

    async def unsent(self, tx: AsyncConnection, *, most: int) -> Unsent | None:
        [(messages, oldest)] = await fetch_raw(tx, statements.UNSENT, most, LONGEST_PAUSE)
        return Unsent(messages, oldest)

    def worker(
        self,
        lanes: Sequence[Lane],
        identity: UUID,
    ) -> QStashReceiver:
        return QStashReceiver(lanes, self._receivers, self._stop_timeout)

    async def deliver(self, flow_key: str, body: bytes, retried: int) -> DeliveryAnswer:
        """What came to this key's address, signed. Returns once it is known what comes of it, and
        what it gave rise to is on its way.

        Args:
            retried: how often QStash has tried before, which it does not sign.
        """
        retried = min(retried, RETRIES)
        try:
            letter = Letter.read(body)
        except ValueError:
            return NEVER
        target = self.target_of(flow_key)
        for receiver in self._receivers:
            lane = receiver.lane(flow_key)
            if target is not None and lane is not None:
                return await self._received(receiver, lane, flow_key, target, letter, retried)
        return come_again(self._look_again)

    async def given_up(self, body: bytes) -> None:
        """QStash tries this letter no more. Its message is sent anew after a while.

        Raises:
            ValueError: it is no letter.
        """
        letter = Letter.read(body)
        async with self._database.begin() as tx:
            await fetch_raw(
                tx, statements.GIVEN_UP, letter.message, letter.publication, GIVEN_UP_AGAIN
            )

    async def _received(
        self,
        receiver: QStashReceiver,
        lane: int,
        flow_key: str,
        target: DeliveryTarget,
        letter: Letter,
        retried: int,
    ) -> DeliveryAnswer:
        if not await receiver.expect(lane, flow_key):
            return come_again(self._look_again)
        with receiver.under_way():
            delivery = await self._held(receiver, lane, flow_key, target, letter, retried)
            if delivery is None:
                return await self._left_alone(letter, flow_key)
            again = await receiver.handle(lane, delivery)
            await self._settle(delivery.token, again)
        await self.sender.sent()
        return OVER

    async def _held(
        self,
        receiver: QStashReceiver,
        lane: int,
        flow_key: str,
        target: DeliveryTarget,
        letter: Letter,
        retried: int,
    ) -> Delivery | None:
        """Its message in hand; None: it is not to be had, and the place is free again."""
        held: Sequence[Any] = ()  # rows
        try:
            async with reading(self._database) as connection:
                hold = target.timeout + MARGIN
                place = (letter.message, flow_key, letter.publication)
                held = await fetch_raw(connection, statements.HOLD, *place, retried, hold)
        finally:
            if not held:
                receiver.expect_no_more(lane, flow_key)
        if not held:
            return None
        [(seq, number, attempt, payload, priority, late)] = held
        return Delivery(
            (seq, number),
            flow_key,
            payload,
            attempt,
            due=time.perf_counter() - late,
            priority=min(priority // RANKS, HIGHEST),
        )

    async def _left_alone(self, letter: Letter, flow_key: str) -> DeliveryAnswer:
        """The message is in another delivery's hand, or this letter is not its last one."""
        place = (letter.message, flow_key, letter.publication)
        async with reading(self._database) as connection:
            found = await fetch_raw(connection, statements.HELD, *place)
        return come_again(self._look_again) if found else OVER

    async def _settle(self, token: Token, again: timedelta | None) -> None:
        if again is None:
            async with reading(self._database) as connection:
                if await fetch_raw(connection, statements.END, *token):
                    return
        async with self._database.begin() as tx:
            await fetch_raw(tx, statements.AGAIN, *token, again, HORIZON)
            self.sender.send_after(tx)
