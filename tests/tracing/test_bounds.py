"""Of a run with many items a bounded number is traced, and of an item a bounded number of calls."""

from __future__ import annotations

from sqlalchemy import text

from app.tracing.chosen import is_chosen
from app.tracing.scope import MOST_CALLS
from app.workflows.family import Context
from tests.support.families import Recording
from tests.support.service import Opener
from tests.tracing.collector import collecting


def test_about_so_many_are_chosen_and_always_the_same() -> None:
    names = [f"user-{number}" for number in range(20_000)]
    chosen = [name for name in names if is_chosen("run_1", name, limit=100, of=20_000)]
    assert 50 < len(chosen) < 150
    again = [name for name in names if is_chosen("run_1", name, limit=100, of=20_000)]
    assert again == chosen
    others = [name for name in names if is_chosen("run_2", name, limit=100, of=20_000)]
    assert set(others) != set(chosen)


def test_all_are_where_there_are_no_more_and_none_where_none_are_to_be() -> None:
    assert all(is_chosen("run", str(number), limit=9, of=9) for number in range(9))
    assert not any(is_chosen("run", str(number), limit=0, of=9) for number in range(9))
    assert not is_chosen("run", "1", limit=0, of=0)


async def test_a_runs_items_and_pages_are_bounded(opener: Opener) -> None:
    with collecting() as collector:
        traced = {"otel_endpoint": collector.endpoint, "trace_items": 10}
        async with opener(Recording(), **traced) as sluice:
            run = await sluice.played(600)
        assert run.succeeded == 600
        items = {span.item for span in collector.named("item recording")}
        expected = {
            name
            for name in (f"u{number:05}" for number in range(1, 601))
            if is_chosen(run.id, name, limit=10, of=600)
        }
        assert items == expected
        assert 0 < len(collector.named("page recording")) <= 12
        assert len(collector.named("chunk recording")) <= len(expected)
        assert {span.attributes["sluice.run"] for span in collector.named("process recording")} == {
            run.id
        }


class Failing(Recording):
    max_failure_rate = None


async def test_what_fails_is_told_besides_and_no_more_than_as_many(opener: Opener) -> None:
    def work(item_id: str, ctx: Context) -> None:
        raise ValueError(f"not {item_id}")

    with collecting() as collector:
        traced = {"otel_endpoint": collector.endpoint, "trace_items": 5}
        async with opener(Failing(work), **traced) as sluice:
            run = await sluice.played(100)
            chosen = {
                f"u{number:05}"
                for number in range(1, 101)
                if is_chosen(run.id, f"u{number:05}", limit=5, of=100)
            }
        others = [span for span in collector.named("item recording") if span.item not in chosen]
        assert len(others) == 5
        [root] = collector.named("start recording")
        assert all(span.failed and span.parent == root.id for span in others)
        assert {span.attributes["error.type"] for span in others} == {"ValueError"}
        assert all(span.failed and not span.message for span in others)
        assert all(root.began <= span.began <= span.ended for span in others)


async def test_an_items_calls_are_bounded(opener: Opener) -> None:
    async def work(item_id: str, ctx: Context) -> None:
        async with ctx.services.database.connect() as connection:
            for number in range(MOST_CALLS + 50):
                await connection.execute(text("SELECT CAST(:n AS text)"), {"n": str(number)})

    with collecting() as collector:
        async with opener(Recording(work), otel_endpoint=collector.endpoint) as sluice:
            await sluice.played(1)
        [item] = collector.named("item recording")
        assert len(collector.below(item)) == MOST_CALLS
        assert item.attributes["sluice.calls_left_out"] == 51  # load asks once
