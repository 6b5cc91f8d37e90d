"""The service that writes: every kind of text that families ask for, by one writer.

``app.services.llm.chat_writer`` has a writer that asks a language model,
``app.services.offline.writer`` one that needs nothing. What a kind of text is, and how a model is
asked for it, is in a module of its own: ``placeholders``, ``welcomes``, ``scenes``, ``posts``.
"""

from __future__ import annotations

from typing import Protocol

from app.services.llm.placeholders import DEFAULT_COUNT, Person
from app.services.llm.posts import PostBrief
from app.services.llm.scenes import SceneCard
from app.services.llm.texts import Spent, nobody_asks
from app.services.llm.welcomes import AgentCard, Welcome


class TextWriter(Protocol):
    """Writes one text at a time.

    Every method raises ``app.services.errors.LlmError`` where a language model is asked.
    """

    @property
    def name(self) -> str:
        """Who wrote: stored beside a text, so that texts can be told apart and redone."""
        ...

    async def placeholders(
        self, person: Person, count: int = DEFAULT_COUNT, *, spent: Spent = nobody_asks
    ) -> list[str]:
        """``count`` (1 to 8) different lines of at most 80 characters, in the person's language.

        Raises ValueError for another ``count``.
        """
        ...

    async def welcome(self, agent: AgentCard, *, spent: Spent = nobody_asks) -> Welcome:
        """A message of at most 300 characters, and 3 to 5 questions of at most 120."""
        ...

    async def scene_prompts(
        self, scene: SceneCard, count: int, *, spent: Spent = nobody_asks
    ) -> list[str]:
        """``count`` (1 to 10) different image prompts of at most 500 characters.

        Raises ValueError for another ``count``.
        """
        ...

    async def post_draft(self, brief: PostBrief, *, spent: Spent = nobody_asks) -> str:
        """At most 1,200 characters of plain text, in paragraphs with an empty line between them."""
        ...

    async def aclose(self) -> None:
        """Closes the connections that the writer holds."""
        ...
