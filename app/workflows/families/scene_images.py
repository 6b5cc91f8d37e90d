"""Scene images: several pictures of one scene, painted side by side."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from hashlib import sha256

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Select, func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from app.models.scene import Scene, SceneImageSet
from app.services.file_store import FileStore
from app.services.images.painter import Painter
from app.services.llm.scenes import MAX_COUNT, SceneCard
from app.services.llm.writer import TextWriter
from app.workflows.family import (
    Context,
    Entity,
    FamilyEntity,
    FamilyParams,
    Flow,
    FlowControl,
    JobFamily,
)


class Params(FamilyParams):
    number: int = Field(5, ge=1, le=MAX_COUNT, description="of images for a scene")


class SceneText(FamilyEntity):
    """A scene, as a row of it or a caller describes it."""

    scene: str = Field(min_length=1, max_length=2_000, description="what is to be seen")
    title: str = Field("", max_length=200)


class SceneImage(BaseModel):
    """Where an image is, and what it is. ``file`` is a name of ``FileStore``."""

    model_config = ConfigDict(frozen=True)

    file: str
    sha256: str
    bytes: int
    width: int
    height: int
    prompt: str


class ImageSet(BaseModel):
    """In the order of the prompts; ``painter`` and ``writer`` are names."""

    model_config = ConfigDict(frozen=True)

    images: tuple[SceneImage, ...]
    painter: str
    writer: str


class SceneImages(JobFamily[Params, SceneText, ImageSet]):
    """Paint a set of images for every scene that has none of this size, or of one that is typed.

    Each image is a step of its own: what is painted is not paid for again, whatever fails beside
    it. A larger set than was asked for will do; a smaller one is painted anew.
    """

    name = "scene-images"
    entity = Entity("scene", "scenes")
    verb = "paint"
    params = Params
    invokes = SceneText
    # Times ``number``: so many images are painted at once.
    flow = Flow(execute=FlowControl(parallelism=4))
    timeout = timedelta(minutes=14)

    def eligible(self, params: Params) -> Select[str]:
        return select(Scene.id)

    async def existing(self, ids: Sequence[str], params: Params, ctx: Context) -> set[str]:
        painted = select(SceneImageSet.scene_id).where(
            col(SceneImageSet.scene_id).in_(ids),
            func.jsonb_array_length(col(SceneImageSet.images)) >= params.number,
        )
        async with ctx.session() as session:
            return set(await session.exec(painted))

    async def load(self, item_id: str, ctx: Context) -> SceneText | None:
        async with ctx.session() as session:
            row = await session.get(Scene, item_id)
        if row is None:
            return None
        # As it is: how long a text may be is for callers.
        return SceneText.model_construct(scene=row.description, title=row.title)

    async def execute(self, entity: SceneText, params: Params, ctx: Context) -> ImageSet:
        card = SceneCard(entity.title, entity.scene)
        prompts = await ctx.run("prompts", self._write, card, params.number, ctx, attempts=3)
        images = await asyncio.gather(
            *(
                ctx.run(f"image-{n}", self._paint, n, len(prompts), prompt, ctx, attempts=3)
                for n, prompt in enumerate(prompts, start=1)
            )
        )
        painter, writer = ctx.service(Painter).name, ctx.service(TextWriter).name
        return ImageSet(images=tuple(images), painter=painter, writer=writer)

    async def save(self, entity: SceneText, result: ImageSet, params: Params, ctx: Context) -> None:
        # Safe to repeat: the same row takes the same values. The files are there before it. Of a
        # scene that was typed there is no row: its set stays on the item.
        row = {"scene_id": ctx.item_id, **result.model_dump(mode="json")}
        async with ctx.session() as session:
            await session.exec(
                insert(SceneImageSet)
                .values(row)
                .on_conflict_do_update(index_elements=["scene_id"], set_=row)
            )
            await session.commit()

    async def stored(self, item_id: str, params: Params, ctx: Context) -> ImageSet | None:
        async with ctx.session() as session:
            kept = await session.get(SceneImageSet, item_id)
        return None if kept is None else ImageSet.model_validate(kept, from_attributes=True)

    async def _write(self, card: SceneCard, number: int, ctx: Context) -> list[str]:
        prompts = await ctx.service(TextWriter).scene_prompts(
            card, number, spent=lambda tokens: ctx.spend(tokens=tokens)
        )
        await ctx.stream.write({"prompts": prompts})
        return prompts

    async def _paint(self, n: int, of: int, prompt: str, ctx: Context) -> SceneImage:
        """Paint one image and keep its file. What a step returns is remembered in the database,
        which is no place for the image itself."""
        painted = await ctx.service(Painter).paint(
            prompt, spent=lambda tokens: ctx.spend(tokens=tokens)
        )
        # With its checksum in its name, an image that is painted anew never takes the place of one
        # that the stored set still names; and to save the same one again changes nothing.
        checksum = sha256(painted.data).hexdigest()
        file = f"{self.name}/{ctx.item_id}/{n}-{checksum[:12]}{painted.suffix}"
        if not ctx.preview:  # which tells the name that the file would have
            await ctx.service(FileStore).save(file, painted.data)
        await ctx.stream.write({"image": n, "of": of, "file": file, "prompt": prompt})
        return SceneImage(
            file=file,
            sha256=checksum,
            bytes=len(painted.data),
            width=painted.width,
            height=painted.height,
            prompt=prompt,
        )
