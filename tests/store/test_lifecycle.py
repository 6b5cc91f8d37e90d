"""The lifecycle table, and that the database follows it."""

from __future__ import annotations

import pytest

from app.errors import InvalidTransition, NotFound
from app.store.runs import transitions
from app.store.runs.runs import Statistics
from app.store.statuses import (
    ENDED,
    ITEM_TRANSITIONS,
    OUTCOMES,
    RUN_TRANSITIONS,
    ItemStatus,
    RunStatus,
    before,
    require_transition,
)
from tests.support.families import Beside
from tests.support.service import Opener

OVER = " any more: it has ended. Retry items of it, or start another run."
INSTEAD = {
    RunStatus.CANCELLING: (
        " any more. It is cancelled once what is at work has ended: then retry items of it."
    ),
    RunStatus.SUCCEEDED: OVER,
    RunStatus.PARTIAL: OVER,
    RunStatus.FAILED: OVER,
    RunStatus.CANCELLED: OVER,
}
PAIRS = [(present, target) for present in RunStatus for target in RunStatus]


def test_the_tables_know_every_status() -> None:
    assert set(RUN_TRANSITIONS) == set(RunStatus)
    assert set(ITEM_TRANSITIONS) == set(ItemStatus)


def test_before_is_the_table_read_backwards() -> None:
    for present, target in PAIRS:
        assert (present in before(target)) == (target in RUN_TRANSITIONS[present])


def test_what_has_ended_goes_nowhere_and_all_else_can_end() -> None:
    assert {
        RunStatus.SUCCEEDED,
        RunStatus.PARTIAL,
        RunStatus.FAILED,
        RunStatus.CANCELLED,
    } == ENDED
    assert set(OUTCOMES) == set(ItemStatus) - {ItemStatus.PENDING, ItemStatus.SUSPENDED}
    for status in RunStatus:
        reached = {status}
        while more := {t for s in reached for t in RUN_TRANSITIONS[s]} - reached:
            reached |= more
        assert reached & ENDED
        assert (status in ENDED) == (reached == {status})


def test_no_run_goes_back_to_where_it_is_and_every_status_can_be_reached() -> None:
    assert all(status not in after for status, after in RUN_TRANSITIONS.items())
    assert all(before(status) for status in RunStatus)


@pytest.mark.parametrize(("present", "target"), PAIRS)
def test_a_transition_is_refused_exactly_when_the_table_has_no_such_edge(
    present: RunStatus, target: RunStatus
) -> None:
    if target in RUN_TRANSITIONS[present]:
        require_transition("run_x", present, target)
        return
    with pytest.raises(InvalidTransition) as refused:
        require_transition("run_x", present, target)
    assert refused.value.status == 409
    said = f"Run run_x is {present}, and cannot become {target}"
    assert refused.value.detail == said + INSTEAD.get(present, ".")


async def test_in_the_database_a_run_moves_along_the_tables_edges_and_no_others(
    opener: Opener, subtests: pytest.Subtests
) -> None:
    async with opener(Beside()) as sluice:
        run_id = await sluice.start()
        other = await sluice.start()
        for present, target in PAIRS:
            with subtests.test(present=str(present), target=str(target)):
                await sluice.sql(
                    "UPDATE sluice.run SET status = :status WHERE id = :id",
                    status=present,
                    id=run_id,
                )
                allowed = target in RUN_TRANSITIONS[present]
                refused = None
                try:
                    async with sluice.service.database.begin() as tx:
                        if not await transitions._move(tx, run_id, target, {}):
                            await transitions.require(tx, run_id, target)
                except InvalidTransition as error:
                    refused = error
                assert (refused is None) == allowed
                assert (await sluice.run(run_id)).status == (target if allowed else present)
        assert (await sluice.run(other)).status == "pending"


async def test_a_run_that_is_not_there_cannot_move(opener: Opener) -> None:
    async with opener(Beside()) as sluice:
        with pytest.raises(NotFound):
            async with sluice.service.database.begin() as tx:
                await transitions.require(tx, "run_unknown", RunStatus.PAUSED)


async def test_only_a_pending_run_begins_or_ends_empty_and_only_once(
    opener: Opener, subtests: pytest.Subtests
) -> None:
    statistics = Statistics(7, 5, 2)
    async with opener(Beside()) as sluice:
        for status in RunStatus:
            with subtests.test(str(status)):
                run_id = await sluice.start()
                await sluice.sql(
                    "UPDATE sluice.run SET status = :s WHERE id = :id", s=status, id=run_id
                )
                async with sluice.service.database.begin() as tx:
                    begun = await transitions.begin(tx, run_id, statistics)
                    again = await transitions.end_empty(
                        tx, run_id, statistics, reason="nothing", detail="Nothing."
                    )
                assert begun == (status is RunStatus.PENDING)
                assert not again
                run = await sluice.run(run_id)
                assert run.status == ("running" if begun else status)
                assert run.to_process == (5 if begun else None)


async def test_a_run_fails_only_from_where_the_table_lets_it(opener: Opener) -> None:
    async with opener(Beside()) as sluice:
        for status in RunStatus:
            run_id = await sluice.start()
            await sluice.sql(
                "UPDATE sluice.run SET status = :s WHERE id = :id", s=status, id=run_id
            )
            async with sluice.service.database.begin() as tx:
                failed = await transitions.fail(tx, run_id, reason="gave_up", detail="It gave up.")
            assert failed == (status in before(RunStatus.FAILED)), status
            run = await sluice.run(run_id)
            assert run.status == (RunStatus.FAILED if failed else status)
            assert (run.reason == "gave_up") == failed
