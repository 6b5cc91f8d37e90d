"""How large what an item leaves behind may be: a setting, and told with size and limit."""

from __future__ import annotations

import pytest

from app.workflows.family import Context, FamilyParams
from tests.support.families import Recording
from tests.support.network.llm_server import Server, response
from tests.support.service import Opener
from tests.support.stepped import Stepped, remembered

LIMIT = 20_000


class Large(Recording):
    """Its results are of so many bytes, as JSON, for the third user; else they are small."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> str:
        self.executed[entity] += 1
        return "x" * (self.size - 2) if entity == "u00003" else "small"


@pytest.mark.parametrize(
    ("size", "limit", "refused"),
    [
        (LIMIT, LIMIT, None),
        (LIMIT + 1, LIMIT, "20,001 bytes as JSON, and at most 20,000 bytes"),
        (2_000_000, 5_000_000, None),
        (280_000_000, 1_000_000, "280,000,000 bytes as JSON, and at most 1,000,000 bytes"),
    ],
)
async def test_a_result_that_is_too_large_fails_its_item_at_once_and_no_other(
    opener: Opener, size: int, limit: int, refused: str | None
) -> None:
    family = Large(size)
    async with opener(family, max_result_bytes=limit) as sluice:
        run = await sluice.played(5)
        rows = await sluice.items(run.id)
    assert set(family.executed.values()) == {1}
    if refused is None:
        assert run.status == "succeeded"
        assert len(str(rows[2].result)) == size - 2
        return
    assert (run.succeeded, run.failed) == (4, 1)
    assert (rows[2].status, rows[2].error_class, rows[2].result) == ("failed", "Fatal", None)
    assert f"What execute returned weighs {refused}" in str(rows[2].error_message)
    assert "SLUICE_MAX_RESULT_BYTES" in str(rows[2].error_message)
    assert "u00003" not in family.saved


@pytest.mark.parametrize("where", ["result", "argument", "answer"])
async def test_what_a_step_keeps_has_the_same_limit(
    opener: Opener, server: Server, where: str
) -> None:
    def same(text: str) -> str:
        return text if where == "argument" else "x" * LIMIT

    async def script(item: str, ctx: Context) -> None:
        if where == "answer":
            await ctx.call("get", "GET", f"http://127.0.0.1:{server.port}/")
        else:
            await ctx.run("same", same, "x" * LIMIT if where == "argument" else "")

    server.answers = [response(200, b"x" * (LIMIT // 2 + 1))]
    family = Stepped(script)
    async with opener(family, max_result_bytes=LIMIT) as sluice:
        run = await sluice.played()
        [row] = await sluice.items(run.id)
        assert await remembered(sluice, run.id) == []
    assert (row.status, family.executed.total()) == ("failed", 1)
    said = "answered more than 10,000 bytes" if where == "answer" else "at most 20,000 bytes"
    assert said in str(row.error_message)


async def test_a_steps_value_may_be_larger_where_the_setting_says_so(opener: Opener) -> None:
    async def script(item: str, ctx: Context) -> int:
        return len(await ctx.run("double", lambda: "x" * 2_000_000))

    family = Stepped(script)
    async with opener(family, max_result_bytes=5_000_000) as sluice:
        run = await sluice.played()
    assert (run.status, family.results["u00001"]) == ("succeeded", 2_000_000)


async def test_a_chunk_that_is_too_large_fails_its_item_and_says_how_large(opener: Opener) -> None:
    async def script(item: str, ctx: Context) -> None:
        await ctx.stream.write("x" * 64_000)

    async with opener(Stepped(script)) as sluice:
        run = await sluice.played()
        [row] = await sluice.items(run.id)
    assert (row.status, row.error_class) == ("failed", "Fatal")
    assert "64,002 characters; 64,000 fit" in str(row.error_message)
