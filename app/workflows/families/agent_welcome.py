"""Agent welcomes: what an agent says when it is opened, and the questions it begins with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import Select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from app.models.agent import Agent, AgentWelcome
from app.models.user import User
from app.services.llm.welcomes import AgentCard, Welcome
from app.services.llm.writer import TextWriter
from app.workflows.family import (
    Context,
    Entity,
    FamilyParams,
    Flow,
    FlowControl,
    JobFamily,
)

CACHED_FOR = timedelta(days=30)


class Params(FamilyParams):
    paid_only: bool = False
    """Only the agents of users who pay."""


class AgentWelcomes(JobFamily[Params, Agent, Welcome]):
    """Write a welcome for every active agent of an active user that has none.

    A welcome is in the table for good and in Redis for as long as it is likely to be shown.
    """

    name = "agent-welcome"
    entity = Entity("agent", "agents")
    verb = "generate"
    params = Params
    flow = Flow(
        process=FlowControl(parallelism=1, rate=10),
        paginate=FlowControl(parallelism=4, rate=50),
        execute=FlowControl(parallelism=10, rate=50),
    )

    def eligible(self, params: Params) -> Select[str]:
        query = select(Agent.id).join(User).where(col(Agent.active), col(User.active))
        return query.where(col(User.paid)) if params.paid_only else query

    async def existing(self, ids: Sequence[str], params: Params, ctx: Context) -> set[str]:
        cached = await ctx.redis.mget([self._key(agent_id, ctx) for agent_id in ids])
        found = {agent_id for agent_id, it in zip(ids, cached, strict=True) if it is not None}
        if unknown := [agent_id for agent_id in ids if agent_id not in found]:
            # What Redis has forgotten is not written again, and not put back either: to look is
            # not to change.
            welcomed = col(AgentWelcome.agent_id)
            async with ctx.session() as session:
                found.update(await session.exec(select(welcomed).where(welcomed.in_(unknown))))
        return found

    async def load(self, item_id: str, ctx: Context) -> Agent | None:
        async with ctx.session() as session:
            return await session.get(Agent, item_id)

    async def execute(self, entity: Agent, params: Params, ctx: Context) -> Welcome:
        card = AgentCard(entity.name, entity.role, entity.description)
        return await ctx.service(TextWriter).welcome(
            card, spent=lambda tokens: ctx.spend(tokens=tokens)
        )

    async def save(self, entity: Agent, result: Welcome, params: Params, ctx: Context) -> None:
        # Safe to repeat: both writes put the same thing in the same place. The table comes first:
        # Redis may lose what it holds, and then the table must know.
        row = {
            "agent_id": entity.id,
            "message": result.message,
            "questions": list(result.questions),
            "writer": ctx.service(TextWriter).name,
        }
        async with ctx.session() as session:
            await session.exec(
                insert(AgentWelcome)
                .values(row)
                .on_conflict_do_update(index_elements=["agent_id"], set_=row)
            )
            await session.commit()
        await ctx.redis.set(self._key(entity.id, ctx), result.model_dump_json(), ex=CACHED_FOR)

    def _key(self, agent_id: str, ctx: Context) -> str:
        return ctx.key(self.name, agent_id)
