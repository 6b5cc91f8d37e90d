"""Families whose items come to everything that an item may, and calls of their sample."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx2

from app.workflows.family import (
    Context,
    FamilyParams,
    Fatal,
    RetryAfter,
    Skip,
    Systemic,
)
from tests.support.families import Recording
from tests.support.service import Sluice

SAMPLE = "/api/workflows/recording/sample-users"


class Mixed(Recording):
    """What an item comes to is told by the last digit of its id."""

    timeout = timedelta(seconds=5)

    def __init__(self) -> None:
        super().__init__(self._work)
        self.kept: dict[str, str] = {}

    async def _work(self, item_id: str, ctx: Context) -> None:
        ctx.spend(usd=0.01, tokens=3)
        match item_id[-1]:
            case "1":
                raise Skip(f"{item_id} is on holiday")
            case "2":
                raise Fatal(f"no address of {item_id}")
            case "3":
                raise ValueError(f"busy with {item_id}")
            case "4":
                await ctx.suspend("approve", {"text": "Shall I?"})
            case "5":
                raise RetryAfter(timedelta(hours=1), "come later")
            case "6":
                await asyncio.Event().wait()
            case "7":
                await ctx.sleep("nap", timedelta(days=1))
            case "8":
                await ctx.call("post", "POST", "http://127.0.0.1:9/", json={})
            case "9":
                await ctx.run("note", self._note)

    async def _note(self) -> str:
        return "noted"

    async def stored(self, item_id: str, params: FamilyParams, ctx: Context) -> str | None:
        return self.kept.get(item_id)


class Broken(Recording):
    """Every other item would fail as well."""

    def __init__(self) -> None:
        super().__init__(self._work)

    async def _work(self, item_id: str, ctx: Context) -> None:
        raise Systemic("the key is refused")


async def sampled(caller: httpx2.AsyncClient, **body: Any) -> dict[str, Any]:  # JSON
    response = await caller.post(SAMPLE, json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    assert answer["success"] is True
    assert sum(answer["outcomes"].values()) == answer["begun"] <= answer["chosen"]
    return answer


async def everything(sluice: Sluice) -> dict[str, object]:
    """All rows of all tables, and all keys of the service in Redis with what they hold, but those
    by which it tries at its start whether Redis can be used: they expire. Nor when processes were
    seen last."""
    tables = await sluice.sql(
        "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema') AND tablename <> 'worker'"
    )
    found: dict[str, object] = {}
    for (table,) in tables:
        rows = await sluice.sql(
            f"SELECT t::text FROM {table} t ORDER BY 1"  # noqa: S608 - names of the catalogue
        )
        found[table] = [row[0] for row in rows]
    redis, prefix = sluice.service.redis, sluice.service.settings.redis_prefix
    async for key in redis.scan_iter(f"{prefix}*"):
        if b"{check}" not in key:
            found[str(key)] = await redis.dump(key)
    return found
