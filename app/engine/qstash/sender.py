"""From the outbox to QStash: right after a commit, and whatever was left over."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.connections.driver import fetch_raw
from app.connections.faults import Fault
from app.connections.shared_tasks import shared_task
from app.engine.qstash import statements
from app.engine.qstash.faults import QStashFault, calling_qstash
from app.engine.qstash.publication import BATCH, Publication, batch_of, taken
from app.engine.qstash.target import DeliveryTarget, LabelOf, TargetOf
from app.errors import Unavailable
from app.store.database import reading

if TYPE_CHECKING:  # to import it takes long
    from qstash import AsyncQStash

AT_ONCE = 100
"""Messages a call."""
CALL_WITHIN = 30.0
"""Seconds for one call of QStash."""
SENT_WITHIN = 5.0
"""Seconds that anybody waits for what is on its way. What is not sent by then is sent later."""
LEASE = timedelta(seconds=60)
"""In which nobody else sends what we are about to send: more than a call may take."""
LONGEST_PAUSE = timedelta(minutes=5)
"""Between two tries at sending the same message."""
UNHEARD = timedelta(days=1)
"""After so long without a delivery, QStash is thought to have lost a message that it had taken."""
KEYS = "/v2/keys"
"""What QStash answers whoever has the right token, and which changes nothing."""
WAITS = "Messages wait in the outbox, and are sent when it takes them."
COMMITTING = 0.001
"""Seconds between two looks whether a transaction that is being committed has ended."""

log = structlog.get_logger("sluice.engine")


class OutboxSender:
    """
    Args:
        client: the official one. It is closed by whoever opened it.
        failed_path: below ``app_url``, where QStash tells that it has given a message up; None:
            it tells nobody.
    """

    def __init__(
        self,
        database: AsyncEngine,
        client: AsyncQStash,
        app_url: str,
        target_of: TargetOf,
        label_of: LabelOf,
        failed_path: str | None,
    ) -> None:
        self._database = database
        self._client = client
        self._app_url = app_url.rstrip("/")
        self._target_of = target_of
        self._label_of = label_of
        self._failed_url = None if failed_path is None else self._app_url + failed_path
        self._fault = Fault(log, "messages_not_sent")
        self._why: str | None = None
        self._wanted = False
        self._sending: asyncio.Task[None] | None = None
        self._committing: set[asyncio.Task[None]] = set()

    @property
    def away(self) -> bool:
        """QStash took nothing when it was called last."""
        return self._why is not None

    @property
    def why(self) -> str | None:
        """A sentence that says why it took nothing; None: it is not away."""
        return self._why

    async def reach(self) -> None:
        """Return once QStash, where it was away, answers again. It is asked for nothing of ours.

        Raises:
            Unavailable: it is away still, and why.
        """
        if self._why is None:
            return
        try:
            async with calling_qstash():
                await self._client.http.request(path=KEYS, method="GET")
        except QStashFault as fault:
            self._missed(fault)
            raise Unavailable(self._why) from None
        self._reached()

    def _missed(self, fault: QStashFault) -> None:
        self._why = f"{fault.detail} {WAITS}"
        self._fault.seen(fault)

    def _reached(self) -> None:
        self._why = None
        self._fault.over()

    def send_after(self, tx: AsyncConnection) -> None:
        """Send what the outbox holds, as soon as this transaction has committed."""

        def committed(connection: Any) -> None:  # SQLAlchemy's own
            task = shared_task(self._sent_once(connection.connection.driver_connection))
            self._committing.add(task)
            task.add_done_callback(self._committing.discard)

        event.listen(tx.sync_connection, "commit", committed, once=True)

    async def send(self) -> None:
        """Return once what was to be sent when this was called has been sent, or could not be."""
        if self._committing:
            await asyncio.wait(self._committing)
        self._wanted = True
        while self._sending is not None or self._wanted:
            if self._sending is None:
                self._sending = shared_task(self._drain())
            await asyncio.wait([self._sending])

    async def sent(self) -> None:
        """Return once nothing is on its way from here: it has been sent, or could not be. After a
        few seconds return in any case."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SENT_WITHIN):
                while tasks := {*self._committing, *filter(None, [self._sending])}:
                    await asyncio.wait(tasks)

    async def send_left_overs(self) -> None:
        """Send what was cut off, what is due by now, and what nothing has been heard of."""
        # Each by itself, as below: two in a transaction would lock rows in another order than that
        # of their ids, and could wait for each other with whoever locks several.
        async with reading(self._database) as connection:
            await fetch_raw(connection, statements.UNENDED)
            await fetch_raw(connection, statements.UNHEARD, UNHEARD)
        await self.send()

    async def _sent_once(self, driver: Any) -> None:  # asyncpg's connection
        # We are told of a commit before it is made, and another session sees nothing until then.
        while driver.is_in_transaction():  # noqa: ASYNC110 - the driver tells nobody
            await asyncio.sleep(COMMITTING)
        self._wanted = True
        if self._sending is None:
            self._sending = shared_task(self._drain())

    async def _drain(self) -> None:
        try:
            while self._wanted:
                self._wanted = False
                while await self._send_some():
                    pass
        except Exception as error:  # noqa: BLE001 - told; the rows say what is to be sent
            self._wanted = False
            self._fault.seen(error)
        finally:
            self._sending = None

    async def _send_some(self) -> bool:
        """Returns whether there may be more, and it is worth a try."""
        async with self._database.begin() as tx:
            rows = await fetch_raw(tx, statements.TAKE_UNSENT, AT_ONCE, LEASE)
        if not rows:
            return False
        ordered = sorted(rows, key=lambda row: (-row[6], row[5]))
        sendable: list[tuple[Publication, DeliveryTarget]] = []
        left: list[Publication] = []
        for seq, message, flow_key, payload, number, until_due, _ in ordered:
            target = self._target_of(flow_key)
            label = "" if target is None else self._label_of(flow_key, payload)
            one = Publication(seq, number, message, until_due, label)
            if target is None:
                left.append(one)
            else:
                sendable.append((one, target))
        sent, refused, fault = await self._call(sendable)
        async with reading(self._database) as connection:
            await fetch_raw(connection, statements.SENT, *_columns(sent))
            await fetch_raw(
                connection, statements.NOT_SENT, *_columns([*left, *refused]), LONGEST_PAUSE
            )
        if fault is not None:
            self._missed(fault)
        elif sendable:
            self._reached()
        return fault is None and len(rows) == AT_ONCE

    async def _call(
        self, sendable: Sequence[tuple[Publication, DeliveryTarget]]
    ) -> tuple[list[Publication], list[Publication], QStashFault | None]:
        """Those that QStash has taken, those that it has not, and why nothing came of the call."""
        if not sendable:
            return [], [], None
        every = [one for one, _ in sendable]
        body = batch_of(
            [one.wire(target, self._app_url, self._failed_url) for one, target in sendable]
        )
        try:
            async with calling_qstash(CALL_WITHIN):
                # Its own call for batches breaks down where one message was refused.
                answer = await self._client.http.request(
                    path=BATCH,
                    method="POST",
                    headers={"Content-Type": "application/json"},
                    body=body,
                )
        except QStashFault as fault:
            return [], every, fault
        told = taken(answer, len(every))
        refused = [one for one, ok in zip(every, told, strict=True) if not ok]
        if refused:
            log.warning("messages_refused", messages=len(refused), of=len(every))
        return [one for one, ok in zip(every, told, strict=True) if ok], refused, None


def _columns(some: Sequence[Publication]) -> tuple[list[object], list[object]]:
    return [one.seq for one in some], [one.number for one in some]
