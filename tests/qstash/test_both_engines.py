"""The same family through both engines: the same outcomes, exact counters, one end."""

from __future__ import annotations

from collections.abc import Sequence

from app.store.statuses import EventKind
from app.store.tables.items import Item
from app.store.tables.runs import Run
from app.workflows.family import Context, Skip
from tests.qstash.called_service import called_service
from tests.support.control import kinds
from tests.support.families import Recording, Welcoming
from tests.support.service import Opener, Sluice, assert_exact
from tests.workflows.memory.remembering import Remembering, remembered

USERS = 120


def work(item_id: str, ctx: Context) -> None:
    if item_id.endswith("7"):
        raise Skip("It is a seven.")
    if item_id.endswith("9") and ctx.attempt == 1:
        raise RuntimeError("not at once")
    if item_id.endswith("13"):
        raise RuntimeError("never")


async def played(sluice: Sluice, family: str) -> tuple[Run, Sequence[Item]]:
    run = await sluice.ended(await sluice.start(family))
    rows = await sluice.items(run.id)
    assert_exact(run, rows)
    ends = [kind for kind in await kinds(sluice, run.id) if kind.startswith(EventKind.ENDED)]
    assert len(ends) == 1
    return run, rows


async def test_a_family_does_the_same_on_postgres_and_on_qstash(opener: Opener) -> None:
    async with opener(Recording(work), Welcoming()) as sluice, sluice.worker():
        await sluice.add_users(USERS)
        on_postgres = [await played(sluice, name) for name in ("recording", "welcome-placeholder")]
        await sluice.drained()
    async with called_service(opener, family := Recording(work), Welcoming()) as called:
        names = ("recording", "welcome-placeholder")
        on_qstash = [await played(called.sluice, name) for name in names]
        await called.sluice.drained()
        await called.qstash.settled()
        assert {call.status for call in called.seen} == {200}
        assert not called.qstash.parts.dead_letters
    for (former, former_rows), (run, rows) in zip(on_postgres, on_qstash, strict=True):
        assert (run.status, run.reason, run.scheduled) == (
            former.status, former.reason, former.scheduled
        )  # fmt: skip
        told = [
            [(row.item_id, row.status, row.attempts) for row in of] for of in (former_rows, rows)
        ]
        assert told[0] == told[1]
    assert max(family.saved.values()) == 1


async def test_what_has_a_result_is_remembered_on_qstash_too(opener: Opener) -> None:
    async with called_service(opener, Remembering()) as called:
        sluice = called.sluice
        ids = await sluice.add_users(30)
        run, _ = await played(sluice, "remembering")
        assert await remembered(sluice) == [(item_id, 1, run.id) for item_id in ids]
        found = await sluice.dry_run()
        assert (found.to_process, found.already_processed, found.stale) == (0, 30, 0)
        await sluice.drained()
        await called.qstash.settled()
