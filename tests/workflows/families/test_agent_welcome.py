"""The family ``agent-welcome``, method by method and as a run, on the real Postgres and Valkey."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from app.bootstrap import make_context
from app.services.llm.welcomes import Welcome
from app.workflows.families.agent_welcome import CACHED_FOR, AgentWelcomes, Params
from app.workflows.family import Context
from app.workflows.sources.sql_source import SqlSource
from tests.support.network.llm_server import Server, completion, response
from tests.support.service import Opener, Sluice
from tests.workflows.families.example_users import add_users

OTHER = Welcome(message="new", questions=("a?", "b?", "c?"))


@dataclass(frozen=True)
class Case:
    sluice: Sluice
    family: AgentWelcomes
    ctx: Context

    async def add_agents(self, number: int) -> list[str]:
        """An agent ``a00001`` of the user ``u00001``, and so on; the tenth users pay."""
        users = await add_users(self.sluice, number)
        await self.sluice.sql(
            "INSERT INTO agent (id, user_id, name, role, description, active)"
            " SELECT 'a' || right(id, 5), id, 'Agent of ' || id, 'tea adviser', 'Knows tea.', true"
            " FROM unnest(CAST(:ids AS text[])) AS t(id)",
            ids=users,
        )
        return [f"a{user[1:]}" for user in users]

    async def eligible(self, params: Params) -> list[str]:
        source = SqlSource(self.sluice.service.database, self.family.eligible(params))
        return list((await source.page(None, 1_000)).ids)

    async def process(self, agent_id: str) -> Welcome:
        agent = await self.family.load(agent_id, self.ctx)
        assert agent is not None
        welcome = await self.family.execute(agent, Params(), self.ctx)
        await self.family.save(agent, welcome, Params(), self.ctx)
        return welcome

    async def existing(self, *ids: str) -> set[str]:
        return await self.family.existing(ids, Params(), self.ctx)

    async def cached(self, agent_id: str) -> bytes | str | None:
        return await self.sluice.service.redis.get(self.key(agent_id))

    def key(self, agent_id: str) -> str:
        return self.ctx.key("agent-welcome", agent_id)


@asynccontextmanager
async def case(opener: Opener, **settings: object) -> AsyncIterator[Case]:
    family = AgentWelcomes()
    async with opener(family, **settings) as sluice:
        yield Case(sluice, family, make_context(sluice.service.services, sluice.bound()))


async def test_active_agents_of_active_users_are_eligible_and_of_these_the_paying_ones_when_asked(
    opener: Opener,
) -> None:
    async with case(opener) as of:
        ids = await of.add_agents(20)
        await of.sluice.sql("UPDATE agent SET active = false WHERE id = :a", a=ids[2])
        await of.sluice.sql("""UPDATE "user" SET active = false WHERE id = 'u00010'""")
        assert await of.eligible(Params()) == [i for n, i in enumerate(ids) if n not in {2, 9}]
        assert await of.eligible(Params(paid_only=True)) == [ids[19]]


async def test_several_agents_of_one_user_are_each_eligible(opener: Opener) -> None:
    async with case(opener) as of:
        ids = await of.add_agents(3)
        await of.sluice.sql("UPDATE agent SET user_id = 'u00001'")
        assert await of.eligible(Params()) == ids


async def test_paid_only_is_camel_case_over_http() -> None:
    assert Params.model_validate({"paidOnly": True}).paid_only


async def test_who_has_a_welcome_in_redis_or_in_the_table_has_a_result(opener: Opener) -> None:
    async with case(opener) as of:
        only_redis, only_table, both, none = await of.add_agents(4)
        for agent_id in (only_table, both):
            await of.process(agent_id)
        await of.sluice.service.redis.delete(of.key(only_table))
        await of.sluice.service.redis.set(of.key(only_redis), "")

        found = await of.existing(none, both, only_table, "gone", only_redis)

        assert found == {only_redis, only_table, both}
        assert await of.cached(only_table) is None  # to look is not to change


async def test_the_table_is_asked_for_those_alone_that_redis_does_not_know(opener: Opener) -> None:
    async with case(opener) as of:
        first, second = await of.add_agents(2)
        for agent_id in (first, second):
            await of.process(agent_id)
        await of.sluice.sql("DROP TABLE agent_welcome")
        assert await of.existing(first, second) == {first, second}


async def test_a_page_of_agents_is_looked_up_in_redis_in_one_round_trip(opener: Opener) -> None:
    async with case(opener) as of:
        redis = of.sluice.service.redis
        prefix = of.sluice.service.settings.redis_prefix
        async with redis.monitor() as monitor:
            assert await of.existing(*(f"a{n}" for n in range(1_000))) == set()
            await redis.get(f"{prefix}:end")
            ours: list[str] = []
            while f"{prefix}:end" not in (command := (await monitor.next_command())["command"]):
                if prefix in command:  # others may use this server at the same time
                    ours.append(command)
        assert [command.split()[0] for command in ours] == ["MGET"]
        assert ours[0].count(prefix) == 1_000


async def test_an_agent_is_loaded_and_none_is_none(opener: Opener) -> None:
    async with case(opener) as of:
        [agent_id] = await of.add_agents(1)
        agent = await of.family.load(agent_id, of.ctx)
        assert agent is not None
        assert (agent.user_id, agent.role) == ("u00001", "tea adviser")
        assert await of.family.load("nobody", of.ctx) is None


async def test_execute_writes_a_welcome_and_saves_none(opener: Opener) -> None:
    async with case(opener) as of:
        [agent_id] = await of.add_agents(1)
        agent = await of.family.load(agent_id, of.ctx)
        assert agent is not None
        welcome = await of.family.execute(agent, Params(), of.ctx)
        assert "Agent of u00001" in welcome.message
        assert 3 <= len(welcome.questions) <= 5
        assert await of.sluice.sql("SELECT 1 FROM agent_welcome") == []
        assert await of.cached(agent_id) is None


async def test_what_is_saved_is_in_the_table_and_in_redis_for_a_while(opener: Opener) -> None:
    async with case(opener) as of:
        [agent_id] = await of.add_agents(1)
        welcome = await of.process(agent_id)
        [row] = await of.sluice.sql("SELECT * FROM agent_welcome")
        assert (row.agent_id, row.message, row.writer) == (
            agent_id,
            welcome.message,
            "local-writer",
        )
        assert row.questions == list(welcome.questions)
        assert Welcome.model_validate_json(await of.cached(agent_id) or "") == welcome
        left = await of.sluice.service.redis.ttl(of.key(agent_id))
        assert CACHED_FOR.total_seconds() - 60 < left <= CACHED_FOR.total_seconds()


async def test_saving_twice_leaves_one_row_with_the_latest_welcome(opener: Opener) -> None:
    async with case(opener) as of:
        [agent_id] = await of.add_agents(1)
        await of.process(agent_id)
        agent = await of.family.load(agent_id, of.ctx)
        assert agent is not None
        for _ in range(2):
            await of.family.save(agent, OTHER, Params(), of.ctx)
        [row] = await of.sluice.sql("SELECT message, questions FROM agent_welcome")
        assert (row.message, row.questions) == ("new", ["a?", "b?", "c?"])
        assert Welcome.model_validate_json(await of.cached(agent_id) or "") == OTHER


async def test_a_user_who_is_deleted_takes_agents_and_welcomes_along(opener: Opener) -> None:
    async with case(opener) as of:
        ids = await of.add_agents(2)
        for agent_id in ids:
            await of.process(agent_id)
        await of.sluice.sql("""DELETE FROM "user" WHERE id = 'u00001'""")
        rows = await of.sluice.sql("SELECT agent_id FROM agent_welcome")
        assert [row.agent_id for row in rows] == [ids[1]]


async def test_a_run_writes_what_is_missing_and_a_second_one_finds_nothing_to_do(
    opener: Opener,
) -> None:
    async with case(opener) as of:
        ids = await of.add_agents(60)
        await of.process(ids[0])
        async with of.sluice.worker():
            run = await of.sluice.ended(await of.sluice.start())
            for agent_id in ids[:30]:
                await of.sluice.service.redis.delete(of.key(agent_id))
            again = await of.sluice.ended(await of.sluice.start())
        assert (run.status, run.total_eligible, run.succeeded) == ("succeeded", 60, 59)
        assert (again.status, again.to_process, again.already_processed) == ("succeeded", 0, 60)
        assert len(await of.sluice.sql("SELECT 1 FROM agent_welcome")) == 60
        result = (await of.sluice.items(run.id))[0].result
        assert sorted(result) == ["message", "questions"]


async def test_the_model_writes_where_there_is_one_and_its_tokens_are_counted(
    opener: Opener, no_proxy: None
) -> None:
    reply = json.loads(completion(OTHER.model_dump_json()))
    server = Server()
    server.answers = [
        response(400, b'{"error": {"message": "content policy"}}'),
        response(200, json.dumps({**reply, "usage": {"total_tokens": 90}}).encode()),
    ]
    await server.start()
    try:
        async with case(opener, llm_base_url=server.url, llm_model="small-1") as of:
            await of.add_agents(2)
            async with of.sluice.worker():
                run = await of.sluice.ended(await of.sluice.start())
            [row] = await of.sluice.sql("SELECT message, writer FROM agent_welcome")
    finally:
        await server.stop()
    assert (run.status, run.succeeded, run.failed, run.spent_tokens) == ("partial", 1, 1, 90)
    assert (row.message, row.writer) == ("new", "small-1")
    assert len(server.requests) == 2  # the one that was refused for itself did not come again
