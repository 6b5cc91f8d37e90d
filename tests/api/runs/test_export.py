"""A run's items and failures as files: whole, of any size, and never half of it taken for all."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.runs.export import BATCH
from tests.support.families import Recording
from tests.support.http import OPS as SECRET
from tests.support.http import app_of, assert_problem, bearer, listening, serving
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice

RUN = "run_0"
ODD = {
    "u1": "=1+1",
    "u2": "+cmd|' /C calc'!A0",
    "u3": "-2",
    "u4": "@SUM(A1)",
    "u5": "\ttab",
    "u6": "\rreturn",
    "u7": 'a "quoted", text\nof two lines',
    "u8": "Grüße, 日本 🌍 \u202eevil",
    "u9": -5,
    "ua": [1, "=2", None],
    "ub": {"größe": "=3"},
}


@pytest.fixture
async def sluice(opener: Opener) -> AsyncIterator[Sluice]:
    async with opener(Recording()) as opened:
        await opened.sql(
            "INSERT INTO sluice.run (id, family, status, params, force, started_by)"
            " VALUES ('run_0', 'recording', 'running', '{}', false, 'test')"
        )
        yield opened


async def add(sluice: Sluice, item_id: str, status: str = "succeeded", **more: object) -> None:
    values = {"result": None, "error_class": None, "error_message": None, **more}
    await sluice.sql(
        "INSERT INTO sluice.item (run_id, item_id, status, result, error_class, error_message,"
        " error_group, attempts, finished_at) VALUES"
        " ('run_0', :id, :status, CAST(:result AS jsonb), :error_class, :error_message,"
        " :error_message, 1, now())",
        id=item_id,
        status=status,
        **{**values, "result": json.dumps(values["result"]) if values["result"] else None},
    )


async def many(sluice: Sluice, number: int, status: str, *, size: int = 5, first: int = 1) -> None:
    await sluice.sql(
        "INSERT INTO sluice.item (run_id, item_id, status, result, finished_at)"
        " SELECT 'run_0', 'i' || lpad(n::text, 8, '0'), :status,"
        " to_jsonb(repeat(md5(n::text), :times)), now()"
        " FROM generate_series(CAST(:first AS int), CAST(:last AS int), 2) n",
        status=status,
        times=max(1, size // 32),
        first=first,
        last=first + 2 * number - 1,
    )


async def table(caller: httpx2.AsyncClient, name: str, **query: str) -> list[dict[str, str]]:
    answer = await caller.get(f"/api/runs/{RUN}/{name}.csv", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="{RUN}-{name}.csv"'
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))


async def lines(caller: httpx2.AsyncClient, name: str, **query: str) -> list[dict[str, Any]]:
    """Without the last one, which must say that they are all."""
    answer = await caller.get(f"/api/runs/{RUN}/{name}.ndjson", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    *rows, last = (json.loads(line) for line in answer.text.splitlines())
    assert last == {"complete": True, "rows": len(rows)}
    return rows


async def test_a_spreadsheet_computes_nothing_and_no_character_is_lost(
    sluice: Sluice, caller: httpx2.AsyncClient
) -> None:
    for item_id, result in ODD.items():
        await add(sluice, item_id, result=result)
    await add(sluice, "=HYPERLINK()", "failed", error_class="E", error_message="@broken")
    rows = await table(caller, "items")
    kept = {row["itemId"]: row["result"] for row in rows}
    assert kept == {
        "'=HYPERLINK()": "",
        **{name: f"'{ODD[name]}" for name in ("u1", "u2", "u3", "u4", "u5", "u6")},
        **{name: ODD[name] for name in ("u7", "u8")},
        "u9": "-5",
        "ua": '[1, "=2", null]',
        "ub": '{"größe": "=3"}',
    }
    assert rows[0]["errorMessage"] == "'@broken"
    exact = {row["itemId"]: row["result"] for row in await lines(caller, "items")}
    assert exact == {"=HYPERLINK()": None, **ODD}


async def test_a_line_is_what_the_list_answers(sluice: Sluice, caller: httpx2.AsyncClient) -> None:
    await many(sluice, 3, "succeeded")
    await add(sluice, "x", "timed_out", error_class="Timeout", error_message="It took too long.")
    listed = (await caller.get(f"/api/runs/{RUN}/items")).json()["items"]
    for item in listed:
        assert item.pop("resultOmitted") is False
    assert await lines(caller, "items") == listed


async def test_the_filters_are_those_of_the_lists(
    sluice: Sluice, caller: httpx2.AsyncClient
) -> None:
    await add(sluice, "a", result="fine")
    await add(sluice, "b", "failed", error_class="A", error_message="one")
    await add(sluice, "c", "failed", error_class="B", error_message="two")
    await add(sluice, "d", "timed_out", error_class="B", error_message="two")
    assert [row["itemId"] for row in await table(caller, "items", status="failed")] == ["b", "c"]
    failed = await lines(caller, "failures")
    assert [row["itemId"] for row in failed] == ["b", "c", "d"]
    of_b = await table(caller, "failures", errorClass="B")
    assert [(row["itemId"], row["errorMessage"]) for row in of_b] == [("c", "two"), ("d", "two")]
    group = of_b[0]["group"]
    assert await lines(caller, "failures", group=group) == failed[1:]
    assert await lines(caller, "failures", group=group, status="timed_out") == failed[2:]
    path = f"/api/runs/{RUN}/failures.csv"
    for query, status in (
        ({"group": "grp_none"}, 404),
        ({"group": group, "errorClass": "A"}, 422),
        ({"status": "succeeded"}, 422),
    ):
        assert_problem(await caller.get(path, params=query), status)
    assert_problem(await caller.get("/api/runs/run_none/items.ndjson"), 404)
    assert await table(caller, "items", status="skipped") == []


async def test_each_item_is_there_once_while_the_run_goes_on(
    sluice: Sluice,
) -> None:
    await many(sluice, 2 * BATCH, "succeeded")
    await many(sluice, 2 * BATCH, "pending", first=2)
    found: list[str] = []
    async with (
        listening(sluice) as caller,
        caller.stream("GET", f"/api/runs/{RUN}/items.ndjson") as answer,
    ):
        async for line in answer.aiter_lines():
            found.append(json.loads(line).get("itemId"))
            if len(found) == 1:
                await sluice.sql("UPDATE sluice.item SET status = 'failed' WHERE status='pending'")
                await many(sluice, BATCH, "succeeded", first=10 * BATCH)
    assert found.pop() is None
    assert len(found) == len(set(found))
    assert found == sorted(found)
    ended = {f"i{n:08}" for n in range(1, 4 * BATCH, 2)}
    assert ended <= set(found)


async def test_results_of_any_size_are_whole(sluice: Sluice, caller: httpx2.AsyncClient) -> None:
    sizes = {f"r{n}": size for n, size in enumerate([10, 900_000, 900_000, 5_000_000, 10, 900_000])}
    for item_id, size in sizes.items():
        await add(sluice, item_id, result="x" * size)
    rows = await lines(caller, "items")
    assert {row["itemId"]: len(row["result"]) for row in rows} == sizes


def after_first_items(app: ASGIApp, meanwhile: Callable[[], Awaitable[object]]) -> ASGIApp:
    """The app, which does nothing more until ``meanwhile`` is done, once, after it has sent the
    first items of a file: no buffer of the connection tells how far it has come by then."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        done = False

        async def sent(message: Message) -> None:
            nonlocal done
            await send(message)
            if not done and b"i00000001" in message.get("body", b""):
                done = True
                await meanwhile()

        await app(scope, receive, sent)

    return call


@pytest.mark.parametrize("name", ["items.csv", "items.ndjson"])
@pytest.mark.parametrize("why", ["deleted", "stops"])
async def test_a_file_that_cannot_be_made_whole_does_not_look_whole(
    sluice: Sluice, name: str, why: str
) -> None:
    await many(sluice, 2 * BATCH, "succeeded")
    app = app_of(sluice)

    async def meanwhile() -> None:
        if why == "stops":
            app.state.stopping.set()
        else:
            await sluice.sql("DELETE FROM sluice.item WHERE item_id = 'i00000001'")

    got = bytearray()

    async def read(caller: httpx2.AsyncClient) -> None:
        async with caller.stream("GET", f"/api/runs/{RUN}/{name}") as answer:
            assert answer.status_code == 200
            async for part in answer.aiter_bytes():
                got.extend(part)

    async with (
        serving(after_first_items(app, meanwhile)) as url,
        httpx2.AsyncClient(base_url=url, headers=bearer(SECRET), timeout=PATIENCE) as caller,
    ):
        with pytest.raises(httpx2.RemoteProtocolError):
            await read(caller)
    assert b"i00000001" in got
    assert b'"complete"' not in got


async def test_a_slow_reader_holds_no_connection_of_the_database_and_no_place_of_other_calls(
    opener: Opener,
) -> None:
    async with opener(Recording(), streams_per_token=1) as sluice:
        run_id = await sluice.start()
        await sluice.sql(
            "INSERT INTO sluice.item (run_id, item_id, status, result) SELECT :run, 'i' || n,"
            " 'succeeded', to_jsonb(repeat('x', 3000)) FROM generate_series(1, 10000) n",
            run=run_id,
        )
        path = f"/api/runs/{run_id}/items.csv"
        async with listening(sluice) as caller, caller.stream("GET", path) as answer:
            parts = answer.aiter_bytes()
            await anext(parts)  # and then nothing more is read
            refused = await caller.get(path)
            listed = await caller.get(f"/api/runs/{run_id}/items")
            [(held,)] = await sluice.sql(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND xact_start IS NOT NULL AND pid <> pg_backend_pid()"
                " AND application_name NOT LIKE 'sluice %'"
            )
        assert_problem(refused, 429)
        assert listed.status_code == 200
        assert held == 0


def resident() -> int:
    """Bytes of memory that this process has, the server with it."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="nobody tells it here")
async def test_it_takes_no_more_memory_for_more_rows(sluice: Sluice) -> None:
    rows, size = 200_000, 640
    await many(sluice, rows, "succeeded", size=size)
    read = before = most = 0
    async with listening(sluice) as caller:
        path = f"/api/runs/{RUN}/items.csv"
        async with caller.stream("GET", path) as answer:
            async for part in answer.aiter_bytes():
                read += len(part)
                if read > 10_000_000:  # by then all that is kept for later is there
                    before = before or resident()
                    most = max(most, resident())
    assert read > rows * size
    assert most - before < 25_000_000
