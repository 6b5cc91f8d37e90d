"""The template's own family, method by method, on the real Postgres and Valkey."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from app.bootstrap import make_context
from app.workflows.families.welcome_placeholder import (
    CACHED_FOR,
    Params,
    WelcomePlaceholders,
)
from app.workflows.family import Context
from app.workflows.sources.sql_source import SqlSource
from tests.support.service import Opener, Sluice
from tests.workflows.families.example_users import add_users


@dataclass(frozen=True)
class Case:
    sluice: Sluice
    family: WelcomePlaceholders
    ctx: Context

    @property
    def database(self) -> AsyncEngine:
        return self.sluice.service.database

    async def eligible(self, params: Params) -> list[str]:
        source = SqlSource(self.database, self.family.eligible(params))
        return list((await source.page(None, 1_000)).ids)

    async def process(self, user_id: str) -> list[str]:
        user = await self.family.load(user_id, self.ctx)
        assert user is not None
        lines = await self.family.execute(user, Params(), self.ctx)
        await self.family.save(user, lines, Params(), self.ctx)
        return lines

    def key(self, user_id: str) -> str:
        return self.ctx.key("welcome-placeholder", user_id)


@asynccontextmanager
async def case(opener: Opener) -> AsyncIterator[Case]:
    family = WelcomePlaceholders()
    async with opener(family) as sluice:
        yield Case(sluice, family, make_context(sluice.service.services, sluice.bound()))


async def test_active_users_are_eligible_and_of_these_the_paying_ones_when_asked(
    opener: Opener,
) -> None:
    async with case(opener) as of:
        ids = await add_users(of.sluice, 20)
        await of.sluice.sql(
            'UPDATE "user" SET active = false WHERE id IN (:a, :b)', a=ids[2], b=ids[9]
        )
        active = [i for n, i in enumerate(ids) if n not in {2, 9}]
        assert await of.eligible(Params()) == active
        assert await of.eligible(Params(paid_only=True)) == [ids[19]]


async def test_who_has_lines_in_redis_has_a_result_whatever_the_lines(opener: Opener) -> None:
    async with case(opener) as of:
        await of.sluice.service.redis.set(of.key("u1"), "[]")
        await of.sluice.service.redis.set(of.key("u3"), "")
        found = await of.family.existing(["u3", "u2", "u1"], Params(), of.ctx)
        assert found == {"u1", "u3"}


async def test_a_page_of_users_is_looked_up_in_one_round_trip(opener: Opener) -> None:
    async with case(opener) as of:
        redis = of.sluice.service.redis
        prefix = of.sluice.service.settings.redis_prefix
        async with redis.monitor() as monitor:
            ids = [f"u{n}" for n in range(1_000)]
            assert await of.family.existing(ids, Params(), of.ctx) == set()
            await redis.get(f"{prefix}:end")
            ours: list[str] = []
            while True:
                command = (await monitor.next_command())["command"]
                if f"{prefix}:end" in command:
                    break
                if prefix in command:  # others may use this server at the same time
                    ours.append(command)
        assert [command.split()[0] for command in ours] == ["MGET"]
        assert ours[0].count(prefix) == 1_000


async def test_a_run_over_several_pages_looks_up_each_page_once(opener: Opener) -> None:
    async with case(opener) as of:
        await add_users(of.sluice, 130)
        run_id = await of.sluice.start()
        redis = of.sluice.service.redis
        prefix = of.sluice.service.settings.redis_prefix
        async with redis.monitor() as monitor, of.sluice.worker():
            run = await of.sluice.ended(run_id)
            await redis.get(f"{prefix}:end")
            names: list[str] = []
            while True:
                command = (await monitor.next_command())["command"]
                if f"{prefix}:end" in command:
                    break
                if f"{prefix}:welcome-placeholder:" in command:  # not the gate's
                    names.append(command.split()[0])
        assert run.succeeded == 130
        assert names.count("MGET") == 4  # one for the statistics, and pages of 50, 50 and 30
        assert names.count("SET") == 130
        assert set(names) == {"MGET", "SET"}


async def test_a_user_is_loaded_and_nobody_is_none(opener: Opener) -> None:
    async with case(opener) as of:
        await add_users(of.sluice, 1)
        user = await of.family.load("u00001", of.ctx)
        assert user is not None
        assert (user.name, user.locale, user.interests) == ("Name of u00001", "en-US", ["tea"])
        assert await of.family.load("nobody", of.ctx) is None


async def test_execute_writes_lines_and_saves_none(opener: Opener) -> None:
    async with case(opener) as of:
        await add_users(of.sluice, 1)
        user = await of.family.load("u00001", of.ctx)
        assert user is not None
        lines = await of.family.execute(user, Params(), of.ctx)
        assert len(lines) == len(set(lines)) == 4
        assert all(0 < len(line) <= 80 for line in lines)
        assert await of.sluice.sql("SELECT 1 FROM welcome_placeholder") == []
        assert await of.sluice.service.redis.get(of.key("u00001")) is None


async def test_what_is_saved_is_in_the_table_and_in_redis_for_a_while(opener: Opener) -> None:
    async with case(opener) as of:
        await add_users(of.sluice, 1)
        lines = await of.process("u00001")
        rows = await of.sluice.sql("SELECT user_id, lines, writer FROM welcome_placeholder")
        assert [(row.user_id, row.lines) for row in rows] == [("u00001", lines)]
        assert rows[0].writer
        redis = of.sluice.service.redis
        cached = await redis.get(of.key("u00001"))
        assert cached is not None
        assert json.loads(cached) == lines
        left = await redis.ttl(of.key("u00001"))
        assert CACHED_FOR.total_seconds() - 60 < left <= CACHED_FOR.total_seconds()
        assert await of.family.existing(["u00001"], Params(), of.ctx) == {"u00001"}


async def test_what_is_stored_is_what_the_table_holds_and_nothing_is_none(opener: Opener) -> None:
    async with case(opener) as of:
        await add_users(of.sluice, 1)
        assert await of.family.stored("u00001", Params(), of.ctx) is None
        lines = await of.process("u00001")
        assert await of.family.stored("u00001", Params(), of.ctx) == lines


async def test_saving_twice_leaves_one_row_with_the_latest_lines(opener: Opener) -> None:
    async with case(opener) as of:
        await add_users(of.sluice, 1)
        await of.process("u00001")
        user = await of.family.load("u00001", of.ctx)
        assert user is not None
        for _ in range(2):
            await of.family.save(user, ["new"], Params(), of.ctx)
        rows = await of.sluice.sql("SELECT lines FROM welcome_placeholder")
        assert [row.lines for row in rows] == [["new"]]
        cached = await of.sluice.service.redis.get(of.key("u00001"))
        assert cached is not None
        assert json.loads(cached) == ["new"]
