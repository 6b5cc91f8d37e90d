"""Whatever a family raises or returns, its outcome is written, at the first try."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

import pytest

from app.logs import configure_logs
from app.store.database import reading
from app.store.steps import outputs
from app.workflows.family import Context, FamilyParams
from tests.support.families import Recording
from tests.support.service import Opener, Sluice, assert_exact
from tests.support.stepped import Stepped


class Once(Stepped):
    attempts = 1


class Poisoning(Recording):
    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        self.executed[entity] += 1
        return "poison" if entity == "u00033" else "fine"


class SaysNothing(Exception):
    def __str__(self) -> str:
        raise RuntimeError("nor shall you know")

    __repr__ = __str__


class SaysGoodbye(Exception):
    def __str__(self) -> str:
        raise SystemExit(3)


class Touchy(Exception):
    """Whatever is asked of it raises."""

    @property
    def retry_after(self) -> timedelta:
        raise RuntimeError("no")

    terminal = systemic = error_class = again_in = retry_after


class OddlyNamed(Exception):
    error_class = 42
    retry_after = 30
    terminal = "perhaps"


class Nameless(SyntaxError):
    """Its traceback cannot be made: that asks for the line's number, and so on."""

    terminal = True

    @property
    def lineno(self) -> int:  # type: ignore[override]  # whatever an author may write
        raise RuntimeError("no")


class Unprintable(Exception):
    error_class = "Un\ud800print\0able" + "x" * 5_000


async def refuse(sluice: Sluice, table: str, condition: str) -> None:
    """Of this table Postgres takes no row any more of which ``condition`` is true."""
    await sluice.sql(f"ALTER TABLE sluice.{table} ADD CONSTRAINT refused CHECK (NOT ({condition}))")


async def test_of_many_outcomes_the_one_that_postgres_refuses_fails_and_the_others_are_written(
    opener: Opener,
) -> None:
    family = Poisoning()
    async with opener(family) as sluice:
        await refuse(sluice, "item", "result::text = '\"poison\"'")
        run = await sluice.played(100)
        rows = await sluice.items(run.id)
        assert_exact(run, rows)
    assert (run.succeeded, run.failed) == (99, 1)
    assert set(family.executed.values()) == {1}
    [failed] = [row for row in rows if row.status == "failed"]
    assert (failed.item_id, failed.error_class, failed.attempts) == ("u00033", "Unwritable", 1)
    assert 'violates check constraint "refused"' in str(failed.error_message)
    assert failed.error_group == "The item's outcome cannot be written."


async def test_a_step_that_postgres_refuses_fails_its_item_at_once_by_its_name(
    opener: Opener,
) -> None:
    async def poison() -> str:
        return "poison"

    async def script(item: str, ctx: Context) -> object:
        return await ctx.run("brew", poison)

    family = Stepped(script)
    async with opener(family) as sluice:
        await refuse(sluice, "step", "result LIKE '%poison%'")
        run = await sluice.played()
        [row] = await sluice.items(run.id)
    assert (row.status, row.error_class, family.executed.total()) == ("failed", "Fatal", 1)
    assert str(row.error_message).startswith("Step 'brew' cannot be remembered. Postgres says: ")


async def test_a_wait_that_postgres_refuses_fails_its_item_at_once(opener: Opener) -> None:
    async def script(item: str, ctx: Context) -> object:
        return await ctx.suspend("ask", "poison")

    family = Stepped(script)
    async with opener(family) as sluice:
        await refuse(sluice, "step", "payload LIKE '%poison%'")
        run = await sluice.played()
        [row] = await sluice.items(run.id)
        assert_exact(run, [row])
    assert (row.status, row.error_class, family.executed.total()) == ("failed", "Unwritable", 1)
    assert "suspended, cannot be written" in str(row.error_message)


@pytest.mark.parametrize(
    ("error", "called", "says"),
    [
        (SaysNothing(), "SaysNothing", "What SaysNothing says cannot be told: its text raised "),
        (SaysGoodbye(), "SaysGoodbye", "What SaysGoodbye says cannot be told: its text raised "),
        (Touchy("touched"), "Touchy", "touched"),
        (OddlyNamed("odd"), "OddlyNamed", "odd"),
        (Nameless("lost"), "Nameless", ""),
        (Unprintable("\ud83d\ude00 \0"), "Un\N{REPLACEMENT CHARACTER}print", "\N{GRINNING FACE} "),
        (ExceptionGroup("two", [SaysNothing(), Touchy()]), "SaysNothing", "What SaysNothing says"),
    ],
)
@pytest.mark.parametrize("where", ["item", "step"])
async def test_an_exception_that_cannot_be_read_is_written_by_its_class(
    opener: Opener, error: Exception, called: str, says: str, where: str
) -> None:
    def fails() -> None:
        raise error

    async def script(item: str, ctx: Context) -> None:
        if where == "step":
            await ctx.run("try", fails)
        else:
            fails()

    family = Once(script)
    async with opener(family) as sluice:
        run = await sluice.played()
        [row] = await sluice.items(run.id)
    assert (row.status, row.attempts, family.executed.total()) == ("failed", 1, 1)
    assert str(row.error_class).startswith(called)
    assert says in str(row.error_message)
    assert "in fails" in str(row.error_traceback)
    assert row.error_group is not None


@pytest.mark.parametrize("style", ["json", "console"])
async def test_a_page_that_raises_what_cannot_be_read_fails_its_run_by_its_class(
    opener: Opener, style: Literal["json", "console"]
) -> None:
    class Broken(Recording):
        async def existing(self, *rest: object) -> set[str]:
            raise Nameless

    configure_logs("error", style)  # which tells of it as well
    try:
        async with opener(Broken()) as sluice:
            run = await sluice.played()
    finally:
        configure_logs("error", "console")
    assert (run.status, run.reason) == ("failed", "layer_failed")
    assert "Nameless" in str(run.detail)


async def test_what_is_no_text_in_a_stream_is_kept_as_something_readable(opener: Opener) -> None:
    async def script(item: str, ctx: Context) -> None:
        for chunk in ("half \ud83d", "whole \ud83d\ude00", {"nul": "\0"}):
            await ctx.stream.write(chunk)

    async with opener(Stepped(script)) as sluice:
        run = await sluice.played()
        async with reading(sluice.service.database) as connection:
            chunks = await outputs.page_of_output(connection, run.id, "u00001", limit=9)
    assert run.status == "succeeded"
    assert [chunk.data for chunk in chunks] == [
        '"half \N{REPLACEMENT CHARACTER}"', '"whole \N{GRINNING FACE}"', '{"nul": "\\u0000"}',
    ]  # fmt: skip


@pytest.mark.parametrize("spent", [{"usd": float("inf")}, {"usd": 1e300}, {"tokens": 2**64}])
async def test_what_nobody_can_spend_is_refused_where_it_is_counted(
    opener: Opener, spent: dict[str, float]
) -> None:
    def work(item_id: str, ctx: Context) -> None:
        ctx.spend(**spent)  # type: ignore[arg-type]  # whatever an author may pass

    async with opener(Recording(work)) as sluice:
        run = await sluice.played()
        [row] = await sluice.items(run.id)
    assert (row.status, row.error_class) == ("failed", "ValueError")
    assert "What is spent is 0 to" in str(row.error_message)
