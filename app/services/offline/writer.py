"""The writer for when no language model is configured: it composes texts from templates."""

from __future__ import annotations

from collections.abc import Mapping

from app.services.llm.placeholders import DEFAULT_COUNT, Person, check_count
from app.services.llm.posts import PostBrief
from app.services.llm.scenes import SceneCard, check_prompt_count
from app.services.llm.texts import Spent, nobody_asks
from app.services.llm.welcomes import AgentCard, Welcome
from app.services.offline.placeholders import Language, compose_placeholders, read_languages
from app.services.offline.posts import compose_draft
from app.services.offline.scenes import compose_prompts
from app.services.offline.welcomes import compose_welcome


class LocalWriter:
    """A ``TextWriter`` that needs no network and never fails; it says so in its ``name``.

    Placeholders are in eight languages, all else is in English.
    """

    name = "local-writer"

    def __init__(self, languages: Mapping[str, Language] | None = None) -> None:
        self._languages = read_languages() if languages is None else languages

    async def placeholders(
        self, person: Person, count: int = DEFAULT_COUNT, *, spent: Spent = nobody_asks
    ) -> list[str]:
        check_count(count)
        return compose_placeholders(self._languages, person, count)

    async def welcome(self, agent: AgentCard, *, spent: Spent = nobody_asks) -> Welcome:
        return compose_welcome(agent)

    async def scene_prompts(
        self, scene: SceneCard, count: int, *, spent: Spent = nobody_asks
    ) -> list[str]:
        check_prompt_count(count)
        return compose_prompts(scene, count)

    async def post_draft(self, brief: PostBrief, *, spent: Spent = nobody_asks) -> str:
        return compose_draft(brief)

    async def aclose(self) -> None:
        """Nothing to close."""
