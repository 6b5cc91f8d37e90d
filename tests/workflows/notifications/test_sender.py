"""What is written for a target is sent to it at least once, under one id, whatever it answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection
from standardwebhooks import Webhook, WebhookVerificationError
from structlog.typing import EventDict

from app.store.notifications import deliveries as rows
from app.store.notifications.deliveries import SendResult
from app.store.notifications.event_types import TargetKind
from app.workflows.notifications.poster import Poster
from app.workflows.notifications.sender import AT_ONCE, NotificationSender
from app.workflows.serialization.secret_box import SecretBox
from app.workflows.worker.background import cancel_and_wait
from tests.support.families import Recording
from tests.support.network.llm_server import Server, response
from tests.support.patience import PATIENCE
from tests.support.processes.worker_process import worker_process
from tests.support.service import Opener, Sluice
from tests.workflows.notifications.told import (
    FINE,
    LOOPBACK,
    add_target,
    asked,
    deliveries,
    let_all_be_due,
    sender,
    until,
)

STALLS = (
    """
    CREATE FUNCTION stalls() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$
    """,
    """
    CREATE TRIGGER stalls BEFORE UPDATE ON sluice.notification_delivery FOR EACH ROW
    WHEN (NEW.last_at IS NOT NULL) EXECUTE FUNCTION stalls()
    """,
)
"""Who writes what came of an attempt is not done with it for a long time."""
STALLING = """
    SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event = 'PgSleep'
"""
NOTIFIER = "tests.support.processes.notifier"
UNWELL = response(500, b"no")
GONE = response(410, b"")


@dataclass(frozen=True, slots=True)
class Late(Poster):
    """Sends to ``/slow`` nothing until it is told to."""

    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> SendResult:
        if url.endswith("/slow"):
            await self.let_go.wait()
        return await Poster.post(self, url, headers, body)


@asynccontextmanager
async def sending(one: NotificationSender) -> AsyncIterator[None]:
    task = asyncio.create_task(one.run())
    try:
        yield
    finally:
        await cancel_and_wait([task])


async def write(sluice: Sluice, target: str, number: int = 1) -> None:
    """Messages for it, as if so many runs had failed."""
    await sluice.sql(
        "INSERT INTO sluice.notification_delivery"
        " (message_id, target_id, event, run_id, family, data)"
        " SELECT 'msg_' || gen_random_uuid(), :target, 'run.failed', 'run_' || n, 'recording',"
        " jsonb_build_object('run', 'run_' || n) FROM generate_series(1, :number) AS n",
        target=target,
        number=number,
    )


async def test_a_run_is_told_by_the_worker_signed_and_with_a_link(
    opener: Opener, server: Server
) -> None:
    server.answers = [FINE]
    async with opener(Recording(), **LOOPBACK) as sluice:
        _, secret = await add_target(sluice, server.url + "?token=of-the-url")
        await sluice.add_users(2)
        run_id = await sluice.start()
        async with sluice.worker():
            await sluice.ended(run_id)
            [(line, headers, body)] = await asked(server, 1)
            await until(sluice, "status = 'delivered'")
        [row] = await deliveries(sluice)
        assert line == "POST /v1?token=of-the-url HTTP/1.1"
        assert headers["host"] == f"127.0.0.1:{server.port}"
        assert headers["webhook-id"] == row.message_id
        assert secret is not None
        message = Webhook(secret).verify(body, headers)
        assert message == json.loads(body)
        assert message["type"] == "run.succeeded"
        assert message["timestamp"] == row.created_at.isoformat()
        assert message["data"]["run"] == run_id
        assert message["data"]["counters"]["succeeded"] == 2
        assert message["data"]["url"].endswith(f"/console/runs/{run_id}")
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(body.replace(b"succeeded", b"failed"), headers)
        assert (row.attempts, row.last_status, row.last_error) == (1, 204, None)


async def test_slack_is_told_in_a_sentence_that_no_name_can_break(
    opener: Opener, server: Server
) -> None:
    server.answers = [FINE]
    async with opener(Recording(), **LOOPBACK) as sluice:
        target, secret = await add_target(sluice, server.url, kind=TargetKind.SLACK)
        await write(sluice, target)
        await sluice.sql(
            'UPDATE sluice.notification_delivery SET data = \'{"detail": "<!channel> & co",'
            ' "counters": {"failed": 1200, "timedOut": 0}}\''
        )
        await sender(sluice).round(PATIENCE)
        [(_, headers, body)] = server.requests
    assert secret is None
    assert "webhook-signature" not in headers
    assert json.loads(body) == {
        "text": "recording: <http://127.0.0.1:8000/console/runs/run_1|run_1> has failed:"
        " &lt;!channel&gt; &amp; co (1,200 failed)"
    }


async def test_what_is_refused_comes_again_later_with_the_same_id_and_body(
    opener: Opener, server: Server
) -> None:
    server.answers = [UNWELL, FINE]
    async with opener(Recording(), **LOOPBACK) as sluice:
        target, secret = await add_target(sluice, server.url)
        await write(sluice, target)
        one = sender(sluice)
        await one.round(PATIENCE)
        [row] = await deliveries(sluice)
        assert (row.status, row.attempts, row.last_status) == ("waiting", 1, 500)
        assert row.last_error == "It answered 500."
        waits = (row.due_at - row.last_at).total_seconds()
        assert 5 <= waits <= 10
        await one.round(PATIENCE)
        assert len(server.requests) == 1  # it is not due
        await let_all_be_due(sluice)
        await one.round(PATIENCE)
        [row] = await deliveries(sluice)
        assert (row.status, row.attempts, row.last_status) == ("delivered", 2, 204)
    (_, first, body), (_, second, again) = server.requests
    assert first["webhook-id"] == second["webhook-id"] == row.message_id
    assert body == again
    assert secret is not None
    Webhook(secret).verify(again, second)


async def test_after_a_day_it_has_failed_and_may_be_sent_again_by_hand(
    opener: Opener, server: Server, logged: list[EventDict]
) -> None:
    server.answers = [UNWELL, FINE]
    async with opener(Recording(), **LOOPBACK) as sluice:
        target, _ = await add_target(sluice, server.url)
        await write(sluice, target)
        await sluice.sql(
            "UPDATE sluice.notification_delivery SET retry_until = now() + interval '4 s'"
        )
        one = sender(sluice)
        await one.round(PATIENCE)
        [row] = await deliveries(sluice)
        assert row.status == "failed"
        [failed] = [entry for entry in logged if entry["event"] == "notification_failed"]
        assert (failed["target"], failed["error"]) == (target, "It answered 500.")
        again = await sluice.service.api.notifications.resend(target, row.id, by="ops")
        assert (again.status, again.attempts) == ("waiting", 0)
        await one.round(PATIENCE)
        [row] = await deliveries(sluice)
        assert (row.status, row.attempts) == ("delivered", 1)
    assert len({headers["webhook-id"] for _, headers, _ in server.requests}) == 1


async def test_who_answers_410_is_told_no_more_until_it_is_enabled(
    opener: Opener, server: Server
) -> None:
    server.answers = [GONE, FINE]
    async with opener(Recording(), **LOOPBACK) as sluice:
        target, _ = await add_target(sluice, server.url)
        await write(sluice, target)
        one = sender(sluice)
        await one.round(PATIENCE)
        [(reason,)] = await sluice.sql(
            "SELECT disabled_reason FROM sluice.notification_target WHERE disabled_at IS NOT NULL"
        )
        assert reason == "It answered 410: it wants no more messages."
        [(who, action)] = await sluice.sql(
            "SELECT who, action FROM sluice.audit WHERE action = 'notification_disabled'"
        )
        assert (who, action) == ("sluice", "notification_disabled")
        await write(sluice, target, 2)
        [_, _, late] = await deliveries(sluice)
        await sluice.sql(
            "UPDATE sluice.notification_delivery SET open = true, retry_until = now()"
            " WHERE id = :id",
            id=late.id,
        )
        await let_all_be_due(sluice)
        await one.round(PATIENCE)
        assert len(server.requests) == 1
        await sluice.service.api.notifications.enable(target, by="ops")
        await one.round(PATIENCE)
        found = [(row.status, row.open) for row in await deliveries(sluice)]
        assert found == [("delivered", False), ("delivered", False), ("failed", False)]
        assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (response(302, b"", "Location: http://127.0.0.1:1/"), "It answered 302, a redirect, and"),
        (None, "It did not answer within 0.3 seconds."),
        (b"nonsense\r\n\r\n", "The connection broke, or the answer was not HTTP."),
        (response(200, b"x", length=10**12), None),  # of whose body nothing is read
    ],
)
async def test_an_answer_is_judged_by_its_status_within_a_time_limit(
    opener: Opener, server: Server, answer: bytes | None, why: str | None
) -> None:
    server.answers = [answer]
    server.holds = why is None
    async with opener(Recording(), **LOOPBACK) as sluice:
        target, _ = await add_target(sluice, server.url)
        await write(sluice, target)
        await sender(sluice, limit=0.3 if answer is None else 60).round(PATIENCE)
        [row] = await deliveries(sluice)
    assert row.status == ("delivered" if why is None else "waiting")
    assert why is None or row.last_error.startswith(why)
    assert len(server.requests) == 1


async def test_where_the_key_is_another_it_is_said_and_tried_again(
    opener: Opener, server: Server
) -> None:
    server.answers = [FINE]
    async with opener(Recording(), **LOOPBACK) as sluice:
        target, _ = await add_target(sluice, server.url)
        await write(sluice, target)
        of_another = SecretBox.fresh().seal('{"url": "http://127.0.0.1:9/", "secret": null}')
        [(sealed,)] = await sluice.sql("SELECT sealed FROM sluice.notification_target")
        set_it = "UPDATE sluice.notification_target SET sealed = :sealed"
        await sluice.sql(set_it, sealed=of_another)
        one = sender(sluice)
        await one.round(PATIENCE)
        [row] = await deliveries(sluice)
        assert (row.status, row.last_status) == ("waiting", None)
        assert "SLUICE_SECRET_KEY" in row.last_error
        await sluice.sql(set_it, sealed=sealed)
        await let_all_be_due(sluice)
        await one.round(PATIENCE)
        [row] = await deliveries(sluice)
    assert row.status == "delivered"


async def test_one_who_does_not_answer_holds_up_nobody_else(opener: Opener, server: Server) -> None:
    silent = Server()
    silent.answers, server.answers = [None], [FINE]
    await silent.start()
    try:
        async with opener(Recording(), **LOOPBACK) as sluice:
            slow, _ = await add_target(sluice, silent.url)
            quick, _ = await add_target(sluice, server.url)
            await write(sluice, slow, 20)
            await write(sluice, quick, 20)
            async with sending(sender(sluice)):
                await asked(server, 20)
                assert len(silent.requests) == AT_ONCE
    finally:
        await silent.stop()


async def test_a_round_sends_what_there_is_room_for_once_others_end_during_its_look(
    opener: Opener, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers = [FINE]
    async with opener(Recording(), **LOOPBACK) as sluice:
        slow, _ = await add_target(sluice, server.url + "/slow")
        quick, _ = await add_target(sluice, server.url + "/quick")
        await write(sluice, slow, AT_ONCE + 1)
        await write(sluice, quick)
        one = sender(sluice)
        late = Late(one.poster.policy)
        claim = rows.claim

        async def look(tx: AsyncConnection, busy: Mapping[str, int], *, at_once: int) -> object:
            found = await claim(tx, busy, at_once=at_once)
            if busy == {slow: AT_ONCE}:
                late.let_go.set()
                async with asyncio.timeout(PATIENCE):
                    while one._tasks:
                        await asyncio.sleep(0)
            return found

        monkeypatch.setattr(rows, "claim", look)
        await replace(one, poster=late).round(PATIENCE)
        assert late.let_go.is_set()
        assert {row.status for row in await deliveries(sluice)} == {"delivered"}


async def test_two_senders_send_each_message_once(opener: Opener, server: Server) -> None:
    server.answers = [FINE]
    async with opener(Recording(), **LOOPBACK) as sluice:
        target, _ = await add_target(sluice, server.url)
        await write(sluice, target, 60)
        await asyncio.gather(*(sender(sluice).round(PATIENCE) for _ in range(2)))
        found = await deliveries(sluice)
    assert {row.status for row in found} == {"delivered"}
    assert {row.attempts for row in found} == {1}
    sent = [headers["webhook-id"] for _, headers, _ in server.requests]
    assert sorted(sent) == sorted(row.message_id for row in found)


async def test_one_that_was_killed_before_it_wrote_what_came_of_it_is_followed_by_another(
    opener: Opener, server: Server
) -> None:
    server.answers = [FINE]
    async with opener(Recording(), **LOOPBACK) as sluice:
        target, _ = await add_target(sluice, server.url)
        for statement in STALLS:
            await sluice.sql(statement)
        await write(sluice, target)
        prefix = opener.settings.redis_prefix
        async with worker_process(opener.urls, prefix, module=NOTIFIER) as first:
            await asked(server, 1)
            async with asyncio.timeout(PATIENCE):
                while not await sluice.sql(STALLING):
                    await asyncio.sleep(0.01)
            await first.kill()
        # Postgres does not see at once that nobody is there any more.
        await sluice.sql(f"SELECT pg_terminate_backend(pid) FROM ({STALLING}) AS stalling")  # noqa: S608
        await sluice.sql("DROP TRIGGER stalls ON sluice.notification_delivery")
        [row] = await deliveries(sluice)
        assert (row.status, row.claim) == ("waiting", 1)
        one = sender(sluice)
        await one.round(PATIENCE)
        assert len(server.requests) == 1  # for as long as it may be in somebody's hands
        await let_all_be_due(sluice)
        await one.round(PATIENCE)
        [row] = await deliveries(sluice)
        assert row.status == "delivered"
    first_id, second_id = (headers["webhook-id"] for _, headers, _ in server.requests)
    assert first_id == second_id == row.message_id


async def test_who_had_a_message_before_cannot_say_what_came_of_it(
    opener: Opener, server: Server
) -> None:
    server.answers = [FINE]
    async with opener(Recording(), **LOOPBACK) as sluice:
        target, _ = await add_target(sluice, server.url)
        await write(sluice, target)
        async with sluice.service.database.begin() as tx:
            [late] = await rows.claim(tx, {}, at_once=1)
        await let_all_be_due(sluice)
        await sender(sluice).round(PATIENCE)
        lost = rows.SendResult(None, "It is late.", 1)
        async with sluice.service.database.begin() as tx:
            assert await rows.settle(tx, late.id, late.claim, lost, rows.LEASE) is None
        [row] = await deliveries(sluice)
    assert (row.status, row.last_error) == ("delivered", None)
