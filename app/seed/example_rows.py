"""The rows of the seed files of the example families: agents, scenes and posts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from app.seed.row import Email, SeedRow, Words

Short = Annotated[Words, Field(max_length=80, description="1 to 80 characters, all printable")]
Long = Annotated[Words, Field(max_length=1_000, description="1 to 1,000 characters, all printable")]


class SeedAgent(SeedRow):
    """``owner`` is the email of a user."""

    plural = "agents"
    key_column = "name"

    owner: Annotated[Email, Field(description="an address such as ada@example.org")]
    name: Short
    role: Short
    description: Long
    active: Annotated[bool, Field(description="true or false")]

    def key(self) -> tuple[str, ...]:
        return self.owner.lower(), self.name


class SeedScene(SeedRow):
    plural = "scenes"
    key_column = "title"

    title: Short
    description: Long

    def key(self) -> tuple[str, ...]:
        return (self.title,)


class SeedPost(SeedRow):
    plural = "posts"
    key_column = "topic"

    topic: Short
    audience: Short

    def key(self) -> tuple[str, ...]:
        return (self.topic,)
