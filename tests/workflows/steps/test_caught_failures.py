"""A step that raised what the item's code catches: the item goes on, and the next delivery goes the
same way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from app.workflows.family import Context, Fatal, RetryAfter, Skip
from app.workflows.serialization.codec import NotSerialisable
from tests.support.service import Opener
from tests.support.stepped import Calls, Stepped, remembered

SHORT = timedelta(milliseconds=20)
Asking = Callable[[Context], Awaitable[Any]]


def unserialisable() -> object:
    return object()


def fatally() -> None:
    raise Fatal("the account is closed")


def later() -> None:
    raise RetryAfter(timedelta(hours=1), "the account is busy")


def skipping() -> None:
    raise Skip("nobody is there")


async def within_a_moment(ctx: Context) -> None:
    async with asyncio.timeout(None) as limit:

        async def too_long() -> None:  # its time is over as soon as it has begun
            limit.reschedule(asyncio.get_running_loop().time())
            await asyncio.Event().wait()

        await ctx.run("first", too_long)


async def beside(ctx: Context) -> None:
    found, _ = await asyncio.gather(
        ctx.run("first", unserialisable), asyncio.sleep(0), return_exceptions=True
    )
    if isinstance(found, BaseException):
        raise found


WAYS: dict[str, tuple[Asking, str]] = {
    "a result that cannot be remembered": (
        lambda ctx: ctx.run("first", unserialisable), "NotSerialisable",
    ),
    "an argument that cannot be passed": (
        lambda ctx: ctx.run("first", str, object()), "NotSerialisable",
    ),
    "a payload that is no JSON": (lambda ctx: ctx.suspend("first", object()), "StepMisused"),
    "a child of no family": (lambda ctx: ctx.child("first", "caught", "u1", params={"no": 1}),
        "StepMisused",
    ),
    "a Fatal": (lambda ctx: ctx.run("first", fatally), "Fatal"),
    "a RetryAfter": (lambda ctx: ctx.run("first", later), "RetryAfter"),
    "a Skip": (lambda ctx: ctx.run("first", skipping), "Skip"),
    "a time limit of the code's own": (within_a_moment, "CancelledError"),
    "a step in a task beside": (beside, "NotSerialisable"),
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
async def test_a_failure_that_the_code_catches_is_remembered_and_the_item_goes_on(
    opener: Opener, way: str
) -> None:
    first, named = WAYS[way]
    calls, caught = Calls(), []

    async def script(item: str, ctx: Context) -> str:
        try:
            await first(ctx)
        except Exception as error:  # noqa: BLE001 - as an author would
            caught.append(type(error).__name__)
            await ctx.run("instead", calls.note, "instead")
        await ctx.sleep("a while", SHORT)
        return await ctx.run("last", calls.note, "last")

    family = Stepped(script)
    family.name = "caught"  # type: ignore[misc]  # of this one
    async with opener(family) as sluice:
        run = await sluice.played()
        [item] = await sluice.items(run.id)
        steps = {step.name: step for step in await remembered(sluice, run.id)}
    assert (item.status, item.error_message) == ("succeeded", None)
    assert calls.of == {"instead": 1, "last": 1}
    assert len(caught) == 2
    assert caught[1] == "StepFailed"
    assert (steps["first"].status, steps["first"].error_class) == ("failed", named)


async def test_code_that_catches_no_more_than_was_raised_fails_as_that(opener: Opener) -> None:
    async def script(item: str, ctx: Context) -> None:
        try:
            await ctx.run("make", unserialisable)
        except NotSerialisable:
            await ctx.sleep("a while", SHORT)

    family = Stepped(script)
    family.attempts = 1  # type: ignore[misc]  # of this one
    async with opener(family) as sluice:
        run = await sluice.played()
        [item] = await sluice.items(run.id)
    assert (item.status, item.error_class) == ("failed", "NotSerialisable")
    assert "make: result is a object" in (item.error_message or "")


async def test_a_failure_that_is_not_caught_leaves_the_step_to_be_tried_again(
    opener: Opener,
) -> None:
    calls = Calls()

    def busy() -> str:
        calls.of["busy"] += 1
        if calls.of["busy"] == 1:
            raise RetryAfter(SHORT)
        return "done"

    async def script(item: str, ctx: Context) -> str:
        beside = asyncio.create_task(asyncio.sleep(0))
        await beside
        return await ctx.run("first", busy)

    family = Stepped(script)
    async with opener(family) as sluice:
        run = await sluice.played()
    assert run.status == "succeeded"
    assert family.results["u00001"] == "done"
