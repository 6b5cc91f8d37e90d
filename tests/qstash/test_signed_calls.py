"""Which calls are taken for those of QStash, and what becomes of any that it has not sent so."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable

import httpx2
import pytest

from app.qstash_dev.delivery.signing_keys import SigningKeys, new_key
from tests.qstash.called_service import CalledService, called_service
from tests.support.families import Recording
from tests.support.held import Held
from tests.support.http import OPS, api, assert_problem, bearer, traces
from tests.support.service import Opener

ITEM = "/api/workflows/recording/record-user"
PROCESS = "/api/workflows/recording/process-users"
LETTER = b'{"message": "m1", "publication": "00000000-0000-4000-8000-000000000000"}'


def keys(called: CalledService) -> SigningKeys:
    return called.qstash.parts.signing_keys


async def post(
    called: CalledService, path: str, signature: str, body: bytes = LETTER, **headers: str
) -> httpx2.Response:
    signed = {"Upstash-Signature": signature, "Content-Type": "application/json", **headers}
    return await called.client.post(path, content=body, headers=signed)


async def signed(called: CalledService, path: str, body: bytes, **headers: str) -> httpx2.Response:
    signature = keys(called).sign(called.url + path, body, time.time())
    return await post(called, path, signature, body, **headers)


Forger = Callable[[CalledService], str]


def foreign(called: CalledService) -> str:
    return SigningKeys(new_key(), new_key()).sign(called.url + ITEM, LETTER, time.time())


def expired(called: CalledService) -> str:
    return keys(called).sign(called.url + ITEM, LETTER, time.time() - 400)


def not_yet(called: CalledService) -> str:
    return keys(called).sign(called.url + ITEM, LETTER, time.time() + 400)


def of_another_body(called: CalledService) -> str:
    return keys(called).sign(called.url + ITEM, LETTER + b" ", time.time())


def of_another_address(called: CalledService) -> str:
    return keys(called).sign(called.url + PROCESS, LETTER, time.time())


def of_another_host(called: CalledService) -> str:
    return keys(called).sign("https://elsewhere.example.com" + ITEM, LETTER, time.time())


def no_token_at_all(called: CalledService) -> str:
    return "secret-of-ops-0123456789"


@pytest.mark.parametrize(
    "forged",
    [
        foreign, expired, not_yet, of_another_body, of_another_address, of_another_host,
        no_token_at_all,
    ],
)  # fmt: skip
async def test_a_wrong_signature_is_answered_401_and_nothing_is_done(
    opener: Opener, forged: Forger
) -> None:
    async with called_service(opener, family := Recording()) as called:
        before = await traces(called.sluice)
        document = assert_problem(await post(called, ITEM, forged(called)), 401)
        assert document["detail"].endswith("Nothing was done.")
        for path in ("/api/qstash/failed", "/api/qstash/tick"):
            assert_problem(await post(called, path, forged(called)), 401)
        assert await traces(called.sluice) == before
    assert not family.executed


async def test_what_the_next_key_has_signed_is_taken_too(opener: Opener) -> None:
    async with called_service(opener, Recording()) as called:
        following = SigningKeys(keys(called).next, new_key())
        signature = following.sign(called.url + ITEM, LETTER, time.time())
        assert (await post(called, ITEM, signature)).status_code == 200


async def test_without_a_signature_it_is_the_call_of_whoever_holds_a_token(opener: Opener) -> None:
    async with called_service(opener, Recording()) as called:
        await called.sluice.add_users(3)
        assert_problem(await called.client.post(PROCESS, json={"dryRun": True}), 401)
        answer = await called.client.post(PROCESS, json={"dryRun": True}, headers=bearer(OPS))
        assert answer.json()["totalEligible"] == 3
        # A schedule of somebody's own in QStash brings a token.
        body = b'{"dryRun": true}'
        answer = await signed(called, PROCESS, body, **bearer(OPS))
        assert answer.json()["totalEligible"] == 3
        assert_problem(await signed(called, PROCESS, body, **bearer("a-token-of-nobody")), 401)


async def test_with_postgres_as_the_engine_a_signature_opens_nothing(opener: Opener) -> None:
    async with opener(Recording()) as sluice, api(sluice, None) as client:
        signature = SigningKeys(new_key(), new_key()).sign("http://x", LETTER, time.time())
        for path in (ITEM, "/api/qstash/failed", "/api/qstash/tick"):
            answer = await client.post(
                path, content=LETTER, headers={"Upstash-Signature": signature}
            )
            assert_problem(answer, 401)


async def test_what_is_delivered_to_nobody_is_answered_and_nothing_is_done(opener: Opener) -> None:
    async with called_service(opener, family := Recording()) as called:
        await called.sluice.add_users(1)
        run = await called.sluice.ended(await called.sluice.start())
        await called.sluice.drained()
        before = await traces(called.sluice)
        over = json.dumps({"message": f"item:{run.id}:u00001", "publication": run_number()})
        assert (await signed(called, ITEM, over.encode())).status_code == 200
        for path, body in (
            (ITEM, b"{}"),
            (ITEM, b"\xff"),
            (ITEM, b""),
            (ITEM, LETTER.replace(b"m1", rb"m\u0000")),
            ("/api/workflows/gone/record-user", LETTER),
            ("/api/workflows/recording/record-users", LETTER),
            ("/api/qstash/failed", b"{}"),
            ("/api/qstash/failed", b'{"sourceBody": "?"}'),
            ("/api/qstash/failed", b'{"sourceBody": ""}'),
        ):
            answer = await signed(called, path, body)
            assert answer.status_code == 489, (path, body)
            assert answer.headers["Upstash-NonRetryable-Error"] == "true"
        assert await traces(called.sluice) == before
    assert family.executed == {"u00001": 1}


def run_number() -> str:
    return "00000000-0000-4000-8000-000000000000"


async def test_what_is_replayed_is_done_once(opener: Opener) -> None:
    async with called_service(opener, family := Held()) as called:
        await called.sluice.add_users(1)
        run_id = await called.sluice.start()
        await family.until_inside(1)
        [[message, number]] = await called.sluice.sql("SELECT id, publication FROM sluice.outbox")
        letter = json.dumps({"message": message, "publication": str(number)}).encode()
        signature = keys(called).sign(called.url + ITEM, letter, time.time())
        for _ in range(2):
            answer = await post(called, ITEM, signature, letter)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
        family.let_go.set()
        assert (await called.sluice.ended(run_id)).succeeded == 1
        await called.sluice.drained()
        for retried in ("0", "3", "99999", "-1", "x"):
            answer = await post(called, ITEM, signature, letter, **{"Upstash-Retried": retried})
            assert answer.status_code == 200
    assert family.executed == {"u00001": 1}


async def test_a_body_that_is_larger_than_any_of_qstash_is_not_read(opener: Opener) -> None:
    async with called_service(opener, Recording()) as called:
        assert_problem(await signed(called, ITEM, b" " * 200_001), 413)


async def test_what_was_given_up_goes_back_to_the_outbox(opener: Opener) -> None:
    async with called_service(opener, Recording()) as called:
        message, number = "item:run_x:u1", run_number()
        await called.sluice.sql(
            "INSERT INTO sluice.outbox (id, flow_key, payload, size, priority, due_at, try_at,"
            " publication, sent_at) VALUES (:id, 'recording.execute', '\\x7b7d', 1, 0, now(), NULL,"
            " CAST(:number AS uuid), now())",
            id=message,
            number=number,
        )
        letter = json.dumps({"message": message, "publication": number}).encode()
        told = {"status": 503, "url": ITEM, "sourceBody": base64.b64encode(letter).decode()}
        answer = await signed(called, "/api/qstash/failed", json.dumps(told).encode())
        assert answer.status_code == 200
        found = await called.sluice.sql(
            "SELECT publication, try_at > now() + interval '4 min' FROM sluice.outbox"
        )
        assert [tuple(row) for row in found] == [(None, True)]
        await called.sluice.sql("DELETE FROM sluice.outbox")


async def test_below_a_path_the_signed_address_names_it(opener: Opener) -> None:
    async with called_service(opener, Recording(), root_path="/sluice") as called:
        await called.sluice.add_users(2)
        run = await called.sluice.ended(await called.sluice.start())
        assert (run.status, run.succeeded) == ("succeeded", 2)
        paths = {call.path for call in called.seen}
        assert paths == {
            "/sluice/api/workflows/recording/process-users",
            "/sluice/api/workflows/recording/paginate-users",
            "/sluice/api/workflows/recording/record-user",
        }
