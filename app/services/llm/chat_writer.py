"""Makes the writer that the settings ask for: a language model's, or the local one."""

from __future__ import annotations

from app.services.llm.chat import ChatClient
from app.services.llm.placeholders import DEFAULT_COUNT, Person, ask_for_placeholders
from app.services.llm.posts import PostBrief, ask_for_draft
from app.services.llm.scenes import SceneCard, ask_for_prompts
from app.services.llm.texts import Spent, nobody_asks
from app.services.llm.welcomes import AgentCard, Welcome, ask_for_welcome


class ChatWriter:
    """A ``TextWriter`` that asks a language model; its ``name`` is the model's."""

    def __init__(self, chat: ChatClient) -> None:
        self._chat = chat

    @property
    def name(self) -> str:
        return self._chat.model

    async def placeholders(
        self, person: Person, count: int = DEFAULT_COUNT, *, spent: Spent = nobody_asks
    ) -> list[str]:
        return await ask_for_placeholders(self._chat, person, count, spent=spent)

    async def welcome(self, agent: AgentCard, *, spent: Spent = nobody_asks) -> Welcome:
        return await ask_for_welcome(self._chat, agent, spent=spent)

    async def scene_prompts(
        self, scene: SceneCard, count: int, *, spent: Spent = nobody_asks
    ) -> list[str]:
        return await ask_for_prompts(self._chat, scene, count, spent=spent)

    async def post_draft(self, brief: PostBrief, *, spent: Spent = nobody_asks) -> str:
        return await ask_for_draft(self._chat, brief, spent=spent)

    async def aclose(self) -> None:
        await self._chat.aclose()
