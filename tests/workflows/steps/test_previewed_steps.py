"""A preview refuses what a delivery would: a step that its code asks for as nobody can."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from app.workflows.family import Context
from tests.support.families import Recording
from tests.support.service import Opener

Misused = Callable[[Context], Awaitable[Any]]


async def a_name_that_is_too_long(ctx: Context) -> None:
    await ctx.sleep("x" * 500, timedelta(seconds=1))


async def a_limit_that_is_no_time(ctx: Context) -> None:
    await ctx.suspend("ask", {"question": "?"}, timeout=60)  # type: ignore[call-overload]


async def a_child_of_no_family(ctx: Context) -> None:
    await ctx.child("paint", "painting", "1")


async def a_child_with_params_that_its_family_has_not(ctx: Context) -> None:
    await ctx.child("paint", "recording", "1", params={"colour": "red"})


async def a_start_of_no_family(ctx: Context) -> None:
    await ctx.start("follow", "following")


async def a_start_with_params_that_its_family_has_not(ctx: Context) -> None:
    await ctx.start("follow", "recording", params={"colour": "red"})


async def a_start_of_no_ids(ctx: Context) -> None:
    await ctx.start("follow", "recording", item_ids=["", "1"])


@pytest.mark.parametrize(
    "misused",
    [
        a_name_that_is_too_long,
        a_limit_that_is_no_time,
        a_child_of_no_family,
        a_child_with_params_that_its_family_has_not,
        a_start_of_no_family,
        a_start_with_params_that_its_family_has_not,
        a_start_of_no_ids,
    ],
)
async def test_what_no_step_can_be_is_refused_by_a_preview_as_at_work(
    opener: Opener, misused: Misused
) -> None:
    async with opener(Recording(lambda _, ctx: misused(ctx))) as sluice:
        await sluice.add_users(1)
        bound, previews = sluice.bound(), sluice.service.client.previews
        preview = await previews.preview(bound, "u00001", bound.family.params())
        async with sluice.worker():
            run = await sluice.ended(await sluice.start())
        [item] = await sluice.items(run.id)
    assert item.error_class in {"StepMisused", "SourceMisused"}
    assert (preview.error_class, preview.error_message) == (item.error_class, item.error_message)
