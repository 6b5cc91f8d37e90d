"""``ctx.deferred``: requests of many items as one batch, each answered to its item."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from fastapi import Response

from app.cli.demo.batches.local_provider import Answer, StoredBatch, completed
from app.cli.demo.batches.provider_server import ProviderServer
from app.store.items.failures import RetrySelection
from app.store.statuses import ItemStatus
from app.store.tables.steps import ProviderBatch
from app.workflows.deferred.refusal import why_left
from app.workflows.family import Context, DeferredFailed
from tests.support.control import paused
from tests.support.http import api
from tests.support.patience import PATIENCE
from tests.support.service import Opener, assert_exact
from tests.support.stepped import remembered
from tests.workflows.deferred.asking import (
    Deferring,
    asking,
    endpoint,
    paid_once,
    played,
    request,
)


async def test_many_items_make_one_batch_and_each_gets_its_own_answer(
    opener: Opener, server: ProviderServer
) -> None:
    family = Deferring()
    slow = {"size": 60, "within": timedelta(hours=1)}
    async with asking(opener, server, **slow)(family, worker_concurrency=10) as sluice:
        run = await played(sluice, 60)
        rows = await sluice.items(run.id)
        assert_exact(run, rows)
        assert (run.succeeded, family.results["u00042"]) == (60, "u00042")
        assert paid_once(server.provider, *family.results)
        assert len(server.provider.batches) == 1
        [step] = await remembered(sluice, run.id, "u00042")
        assert (step.name, step.kind, step.status, step.attempts) == ("ask", "deferred", "done", 1)
        assert run.spent_tokens == 60 * len("u00042")
        [[state, lines, done, failed, again]] = await sluice.sql(
            "SELECT state, lines, done, failed, again FROM sluice.provider_batch"
        )
        assert (state, lines, done, failed, again) == ("completed", 60, 60, 0, 0)


async def test_what_a_batch_has_no_time_for_goes_into_another_and_is_paid_once(
    opener: Opener, server: ProviderServer
) -> None:
    def first_expires(batch: StoredBatch) -> str:
        return "expired" if len(server.provider.batches) == 1 else "completed"

    server.provider.end, server.provider.most = first_expires, 7
    family = Deferring()
    async with asking(opener, server, size=20, within=timedelta(seconds=2))(family) as sluice:
        run = await played(sluice, 20)
        assert_exact(run, await sluice.items(run.id))
        assert run.succeeded == 20
        states = await sluice.sql(
            "SELECT state, lines, done, again FROM sluice.provider_batch ORDER BY id"
        )
    assert [tuple(row) for row in states] == [("expired", 20, 7, 13), ("completed", 13, 13, 0)]
    assert paid_once(server.provider, *family.results)


async def test_after_three_batches_without_an_answer_the_step_fails_and_says_why(
    opener: Opener, server: ProviderServer
) -> None:
    server.provider.end, server.provider.most = lambda _batch: "expired", 0
    async with asking(opener, server)(Deferring()) as sluice:
        run = await played(sluice, 2)
        rows = await sluice.items(run.id)
        assert_exact(run, rows)
        assert [row.status for row in rows] == [ItemStatus.FAILED] * 2
        assert {row.error_class for row in rows} == {"DeferredFailed"}
        assert "batch_expired" in (rows[0].error_message or "")
        [step] = await remembered(sluice, run.id)
    assert (step.status, step.result) == (
        "failed",
        '{"status": null, "code": "batch_expired", "terminal": false}',
    )
    assert len(server.provider.batches) == 3


@pytest.mark.parametrize(
    ("status", "told"),
    [("expired", False), ("cancelled", False), ("failed", True), ("gone", True)],
)
def test_only_where_a_batch_is_refused_or_gone_its_row_says_why_there_is_no_answer(
    status: str, told: bool
) -> None:
    """Of another one it says what went wrong on the way, and may be over."""
    batch = ProviderBatch(
        id="b1", provider="llm", url="/", model="m", state="collecting", lines=1, size=1,
        remote_id="r1", remote_status=status, error="Redis was away.",
    )  # fmt: skip
    assert ("Redis was away." in why_left(batch, [])[1]) is told


def refusing(item: str, status: int, times: int = 1_000) -> Any:
    """An ``answer`` that refuses this item so often."""
    left = [times]

    def answer(body: Mapping[str, Any]) -> Answer:
        if body["messages"][0]["content"] == item and left[0]:
            left[0] -= 1
            return status, {"error": {"message": "no such field", "code": "invalid_value"}}
        return completed(body)

    return answer


async def test_a_request_that_is_refused_fails_its_item_at_once_and_no_other(
    opener: Opener, server: ProviderServer
) -> None:
    class Patient(Deferring):
        attempts = 3

    server.provider.answer = refusing("u00003", 400)
    family = Patient()
    async with asking(opener, server)(family) as sluice:
        run = await played(sluice, 5)
        rows = {row.item_id: row for row in await sluice.items(run.id)}
        assert_exact(run, list(rows.values()))
        assert (run.succeeded, run.failed) == (4, 1)
        failed = rows["u00003"]
        assert (failed.status, failed.error_class, failed.attempts) == (
            "failed",
            "DeferredFailed",
            1,
        )
        assert "answered 400. no such field" in (failed.error_message or "")
        # Retried by an operator it asks anew: a failure is not taken along.
        server.provider.answer = completed
        retried = await sluice.service.client.retry(
            sluice.bound(), run, RetrySelection(), started_by="test", once=None
        )
        async with sluice.worker():
            assert (await sluice.ended(retried.run_id)).succeeded == 1
    assert server.provider.paid.total() == 5


async def test_a_request_that_came_too_early_goes_into_another_batch(
    opener: Opener, server: ProviderServer
) -> None:
    server.provider.answer = refusing("u00003", 429, times=2)
    family = Deferring()
    async with asking(opener, server)(family) as sluice:
        run = await played(sluice, 5)
        assert run.succeeded == 5
    assert paid_once(server.provider, *family.results)


async def test_an_item_may_catch_the_failure_and_go_on_with_other_steps(
    opener: Opener, server: ProviderServer
) -> None:
    caught: list[tuple[object, ...]] = []

    class Catching(Deferring):
        async def _ask(self, item: str, ctx: Context) -> str:
            try:
                await ctx.deferred("ask", self.body(item))
            except DeferredFailed as failed:
                caught.append((failed.status, failed.code, failed.terminal))
            await ctx.sleep("a while", timedelta(milliseconds=10))
            reply = await ctx.deferred("again", self.body("instead"))
            return str(reply.status)

    server.provider.answer = refusing("u00001", 400)
    family = Catching()
    async with asking(opener, server)(family) as sluice:
        run = await played(sluice, 1)
        found = await remembered(sluice, run.id)
    assert (run.succeeded, family.results["u00001"]) == (1, "200")
    assert set(caught) == {(400, "invalid_value", True)}
    assert [(step.name, step.status) for step in found] == [
        ("ask", "failed"),
        ("a while", "done"),
        ("again", "done"),
    ]


async def test_several_requests_of_an_item_are_answered_side_by_side(
    opener: Opener, server: ProviderServer
) -> None:
    class Several(Deferring):
        async def _ask(self, item: str, ctx: Context) -> str:
            asks = (ctx.deferred(f"ask {n}", self.body(f"{item}-{n}")) for n in range(3))
            found = await asyncio.gather(*asks)
            return " ".join(one.body["choices"][0]["message"]["content"] for one in found)

    family = Several()
    async with asking(opener, server)(family) as sluice:
        run = await played(sluice, 4)
    assert run.succeeded == 4
    assert family.results["u00004"] == "u00004-0 u00004-1 u00004-2"
    assert server.provider.paid.total() == 12


async def test_a_batch_that_is_refused_for_some_lines_fails_those_and_sends_the_others_again(
    opener: Opener, server: ProviderServer
) -> None:
    def end(batch: StoredBatch) -> str:
        lines = server.provider.file(batch.asked["input_file_id"]).lines
        bad = [n for n, line in enumerate(lines, start=1) if line["body"].get("bad")]
        batch.faults = [{"code": "invalid", "message": "It is bad.", "line": n} for n in bad]
        return "failed" if bad else "completed"

    server.provider.end = end
    family = Deferring(
        lambda item: request(item, bad=True) if item in ("u00002", "u00005") else request(item)
    )
    async with asking(opener, server, size=6, within=timedelta(seconds=2))(family) as sluice:
        run = await played(sluice, 6)
        rows = {row.item_id: row for row in await sluice.items(run.id)}
    assert (run.succeeded, run.failed) == (4, 2)
    assert {item for item, row in rows.items() if row.status == "failed"} == {"u00002", "u00005"}
    assert "It is bad." in (rows["u00005"].error_message or "")
    assert server.provider.paid.total() == 4


async def test_a_full_queue_of_the_provider_is_no_try(
    opener: Opener, server: ProviderServer
) -> None:
    def end(batch: StoredBatch) -> str:
        batch.faults = [{"code": "token_limit_exceeded", "message": "Enqueued token limit."}]
        return "failed"

    server.provider.end = end
    async with asking(opener, server)(Deferring()) as sluice:
        await sluice.add_users(2)
        await sluice.start()
        async with sluice.worker(), asyncio.timeout(PATIENCE):
            while not (rows := await sluice.sql(WAITS_AGAIN)):
                await asyncio.sleep(0.02)
        [[error]] = await sluice.sql("SELECT error FROM sluice.provider_batch")
    assert [(row[0], row[1]) for row in rows] == [(2, 0)]
    assert error == "Enqueued token limit."


WAITS_AGAIN = """
    SELECT count(*), max(tries) FROM sluice.deferred_call
    WHERE batch_id IS NULL AND due_at > now() + interval '8 minutes' HAVING count(*) = 2
"""


async def test_lines_that_say_nothing_or_come_twice_change_nothing(
    opener: Opener, server: ProviderServer
) -> None:
    first = True

    async def spoilt(call: str) -> Response | None:
        nonlocal first
        if not (call.endswith("/content") and first):
            return None
        first = False
        lines = server.provider.file(call.split("/")[-2]).content.splitlines(keepends=True)
        other = lines[1].replace(b"u0000", b"spoilt")
        odd = [b"{not json}\n", b'{"custom_id": 7}\n', b"[]\n", b"\n", b'{"custom_id":"else"}\n']
        return Response(b"".join([*odd, lines[0], lines[1], other, b"\xff\xfe\n", *lines[2:4]]))

    server.after = spoilt
    family = Deferring()
    async with asking(opener, server, size=5, within=timedelta(seconds=2))(family) as sluice:
        run = await played(sluice, 5)
        [first_row, second_row] = await sluice.sql(
            "SELECT lines, done, failed, again FROM sluice.provider_batch ORDER BY id"
        )
    assert run.succeeded == 5
    assert family.results == {item: item for item in family.results}
    # Four were there, and the fifth had no line: it was asked once more, because it had to be.
    assert (tuple(first_row), tuple(second_row)) == ((5, 4, 0, 1), (1, 1, 0, 0))


async def test_an_answer_that_is_too_large_to_be_kept_fails_its_item(
    opener: Opener, server: ProviderServer
) -> None:
    def long(body: Mapping[str, Any]) -> Answer:
        status, answer = completed(body)
        if body["messages"][0]["content"] == "u00002":
            answer["more"] = "x" * 40_000
        if body["messages"][0]["content"] == "u00003":
            answer["more"] = "x" * 15_000
        return status, answer

    server.provider.answer = long
    async with asking(opener, server)(Deferring(), max_result_bytes=10_000) as sluice:
        run = await played(sluice, 4)
        rows = {row.item_id: row for row in await sluice.items(run.id)}
    assert (run.succeeded, run.failed) == (2, 2)
    assert "longer than the 10,000 bytes" in (rows["u00002"].error_message or "")
    assert "longer than the 10,000 bytes" in (rows["u00003"].error_message or "")


@pytest.mark.parametrize("body", [{"at": float("nan")}, {"at": {1, 2}}, ["a list"], "text"])
async def test_what_is_no_request_is_refused_in_the_item(
    opener: Opener, server: ProviderServer, body: Any
) -> None:
    async with asking(opener, server)(Deferring(lambda _item: body)) as sluice:
        run = await played(sluice, 1)
        [row] = await sluice.items(run.id)
    assert (row.status, row.error_class) == ("failed", "StepMisused")
    assert server.calls == []


async def test_without_a_provider_the_run_pauses_and_says_what_to_set(opener: Opener) -> None:
    async with replace(opener, providers=[endpoint(None, "")])(Deferring()) as sluice:
        await sluice.add_users(1)
        async with sluice.worker():
            run = await paused(sluice, await sluice.start())
    assert run.reason == "systemic"
    assert "LLM_BASE_URL is unset" in (run.detail or "")


async def test_two_workers_make_no_batch_twice(opener: Opener, server: ProviderServer) -> None:
    family = Deferring()
    async with asking(opener, server)(family) as sluice:
        async with sluice.worker():
            run = await played(sluice, 50)
        assert run.succeeded == 50
    assert paid_once(server.provider, *family.results)
    assert sum(batch.total for batch in server.provider.batches.values()) == 50


@pytest.mark.parametrize("status", [200, 400])
async def test_an_answer_that_comes_while_the_item_is_at_work_is_not_lost(
    opener: Opener, server: ProviderServer, status: int
) -> None:
    """It is there before the item waits for it."""

    class Busy(Deferring):
        async def _ask(self, item: str, ctx: Context) -> str:
            async def slow() -> str:
                async with asyncio.timeout(PATIENCE):
                    while not server.provider.batches or not await sluice.sql(
                        "SELECT 1 FROM sluice.step WHERE name = 'ask' AND status <> 'waiting'"
                    ):
                        await asyncio.sleep(0.02)
                return "slow"

            found = await asyncio.gather(
                ctx.deferred("ask", self.body(item)), ctx.run("slow", slow), return_exceptions=True
            )
            return " ".join(type(one).__name__ for one in found)

    server.provider.answer = refusing("u00001", status) if status != 200 else completed
    family = Busy()
    async with asking(opener, server)(family) as sluice:
        run = await played(sluice, 1)
    assert run.succeeded == 1
    kind = "DeferredReply" if status == 200 else "DeferredFailed"
    assert family.results == {"u00001": f"{kind} str"}


async def test_a_preview_stops_before_anything_is_asked(
    opener: Opener, server: ProviderServer
) -> None:
    async with asking(opener, server)(Deferring()) as sluice, api(sluice) as caller:
        await sluice.add_users(1)
        path = sluice.bound().family.name
        answer = await caller.post(
            f"/api/workflows/{path}/record-user", json={"userId": "u00001", "dryRun": True}
        )
        told = answer.json()
        assert answer.status_code == 200, told
        assert "deferred" in str(told)
        assert "small-1" in str(told)
        assert await sluice.sql("SELECT 1 FROM sluice.deferred_call") == []
    assert server.calls == []
