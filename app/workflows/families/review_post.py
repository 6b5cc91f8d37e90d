"""Posts: drafted by the writer, read by a person, and published when that person says yes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import httpx2
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Select
from sqlmodel import col, select, update

from app.models.post import Post
from app.services.destinations import Destinations
from app.services.llm.posts import MAX_CHARS, PostBrief
from app.services.llm.texts import paragraphs
from app.services.llm.writer import TextWriter
from app.workflows.family import (
    Context,
    Entity,
    FamilyParams,
    Fatal,
    Flow,
    FlowControl,
    JobFamily,
    Skip,
    Systemic,
)


class Decision(BaseModel):
    """What a reviewer answers; the page behind a link asks for these fields."""

    model_config = ConfigDict(extra="forbid")

    approved: bool = Field(description="Yes publishes the post.")
    text: str | None = Field(
        None, max_length=MAX_CHARS, description="The draft as it should be; empty: as it is."
    )
    note: str = Field("", max_length=1_000, description="Why, for whoever looks later.")


class Review(BaseModel):
    """``published_url`` and ``published_at`` are None of a post that was refused;
    ``published_url`` also where nobody told."""

    model_config = ConfigDict(frozen=True)

    draft: str
    approved: bool
    reviewer_note: str
    published_url: str | None = None
    published_at: datetime | None = None


class ReviewPosts(JobFamily[FamilyParams, Post, Review]):
    """Draft every post on which nobody has decided, ask a person, and publish what is approved.

    While it waits for the answer, an item holds no worker and no slot.
    """

    name = "review-post"
    entity = Entity("post", "posts")
    verb = "review"
    flow = Flow(execute=FlowControl(parallelism=10))

    patience: ClassVar[timedelta] = timedelta(days=7)
    """A post that nobody has read by then is skipped, and so is there for the next run."""

    def eligible(self, params: FamilyParams) -> Select[str]:
        return select(Post.id).where(col(Post.approved).is_(None))

    async def existing(self, ids: Sequence[str], params: FamilyParams, ctx: Context) -> set[str]:
        # For whoever names posts, which need not be eligible: none is published twice unasked.
        decided = select(Post.id).where(col(Post.id).in_(ids), col(Post.approved).is_not(None))
        async with ctx.session() as session:
            return set(await session.exec(decided))

    async def load(self, item_id: str, ctx: Context) -> Post | None:
        async with ctx.session() as session:
            return await session.get(Post, item_id)

    async def execute(self, entity: Post, params: FamilyParams, ctx: Context) -> Review:
        url = ctx.service(Destinations).posts_url
        if url is None and not ctx.preview:  # before anybody reads what cannot be published
            raise Systemic("POSTS_URL is not set, so no post can be published. Set it, and resume.")
        about = {"topic": entity.topic, "audience": entity.audience}
        brief = PostBrief(entity.topic, entity.audience)
        draft = await ctx.run("draft", self._draft, brief, ctx, attempts=3)
        decision = await ctx.suspend(
            "approve", {**about, "draft": draft}, resume=Decision, timeout=self.patience
        )
        if decision is None:
            raise Skip("nobody has decided in time")
        text = paragraphs(decision.text or "") or draft
        if not decision.approved:
            return Review(draft=text, approved=False, reviewer_note=decision.note)
        # However often it is tried, the other side sees one Idempotency-Key.
        answer = await ctx.call("publish", "POST", url or "", json={**about, "text": text})
        if not answer.ok:  # and it is remembered: a retry of the run asks for the decision anew
            raise Fatal(f"POSTS_URL answered {answer.status}, and the post is not published.")
        return Review(
            draft=text,
            approved=True,
            reviewer_note=decision.note,
            published_url=_address(url or "", answer.headers.get("location"), answer.body),
            # A step, so that a crash from here on does not move it.
            published_at=await ctx.run("published-at", _now),
        )

    async def save(self, entity: Post, result: Review, params: FamilyParams, ctx: Context) -> None:
        # Safe to repeat: the same row takes the same values.
        async with ctx.session() as session:
            await session.exec(
                update(Post).where(col(Post.id) == entity.id).values(result.model_dump())
            )
            await session.commit()

    async def _draft(self, brief: PostBrief, ctx: Context) -> str:
        return await ctx.service(TextWriter).post_draft(
            brief, spent=lambda tokens: ctx.spend(tokens=tokens)
        )


def _now() -> datetime:
    return datetime.now(UTC)


def _address(asked: str, location: str | None, body: bytes) -> str | None:
    """Where the post is, as its JSON says in ``url``, or else the header Location."""
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    told = document.get("url") if isinstance(document, dict) else None
    found = told if isinstance(told, str) else location
    without_password = httpx2.URL(asked).copy_with(username="", password="")
    try:
        return str(without_password.join(found)) if found else None
    except httpx2.InvalidURL:
        return None
