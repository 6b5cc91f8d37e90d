"""A family that takes a scene which somebody types, and stays at its last image until told."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from io import BytesIO
from typing import Annotated

from PIL import Image
from pydantic import AfterValidator, Field
from sqlalchemy import Select
from sqlmodel import col, select

from app.services.file_store import FileStore
from app.workflows.family import (
    Context,
    Entity,
    FamilyEntity,
    FamilyParams,
    JobFamily,
)
from tests.support.users import User

GO_ON = "Go on"
"""The scene that lets the others go on."""
SIDE = 64


def _no_number(scene: str) -> str:
    if any(one.isdigit() for one in scene):
        raise ValueError("a scene has no number in it")
    return scene


class SketchedScene(FamilyEntity):
    scene: Annotated[str, AfterValidator(_no_number)] = Field(min_length=1, max_length=2_000)


class Number(FamilyParams):
    number: int = Field(5, ge=1, le=5, description="of images")


class Sketches(JobFamily[Number, SketchedScene, list[str]]):
    """Sketch a scene for each user, or one that is typed."""

    name = "sketch"
    entity = Entity("scene", "users")
    verb = "sketch"
    params = Number
    invokes = SketchedScene

    def eligible(self, params: Number) -> Select[str]:
        return select(User.id).where(col(User.id) == "nobody")

    async def load(self, item_id: str, ctx: Context) -> SketchedScene:
        raise AssertionError("Nobody is there.")

    async def execute(self, entity: SketchedScene, params: Number, ctx: Context) -> list[str]:
        go_on = ctx.key(self.name, "go on")
        if entity.scene == GO_ON:
            await ctx.redis.set(go_on, "1")
            return []
        prompts = [f"{entity.scene}, view {n}" for n in range(1, params.number + 1)]
        await ctx.stream.write({"prompts": prompts})
        files = []
        for n, prompt in enumerate(prompts, start=1):
            if n == params.number:
                await self._wait(go_on, ctx)
            files.append(await ctx.run(f"image-{n}", self._paint, prompt, ctx))
        return files

    async def _paint(self, prompt: str, ctx: Context) -> str:
        digest = sha256(prompt.encode()).hexdigest()
        painted = BytesIO()
        Image.new("RGB", (SIDE, SIDE), f"#{digest[:6]}").save(painted, "PNG")
        file = f"{self.name}/{ctx.item_id}/{digest[:16]}.png"
        await ctx.service(FileStore).save(file, painted.getvalue())
        await ctx.stream.write({"file": file, "prompt": prompt})
        return file

    async def _wait(self, go_on: str, ctx: Context) -> None:
        while not await ctx.redis.getdel(go_on):
            await asyncio.sleep(0.02)
