"""Runs started from one's own code, with the family's own types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import assert_type

import pytest
from pydantic import SecretStr
from sqlalchemy import Select
from sqlmodel import col, select

from app.errors import BadInput, Conflict, NotFound
from app.workflows.contract.finished_run import ItemResult
from app.workflows.contract.run_options import Budget, RunOptions
from app.workflows.family import Context, Entity, FamilyParams, Fatal, JobFamily, Overlap
from app.workflows.runs.handle import RunHandle, RunNotSucceeded
from app.workflows.typed.dry_run import DryRun, ItemPreview
from tests.qstash.called_service import called_service
from tests.support.families import Welcoming
from tests.support.http import traces
from tests.support.patience import PATIENCE
from tests.support.service import Opener, Sluice
from tests.support.users import User


@dataclass(frozen=True)
class Letter:
    """Of which JSON alone does not give back the same."""

    to: str
    on: date
    within: timedelta


class LetterParams(FamilyParams):
    paid_only: bool = False
    days: int = 1
    secret: SecretStr | None = None


class Letters(JobFamily[LetterParams, User, Letter]):
    name = "letter"
    entity = Entity("user", "users")
    verb = "write"
    params = LetterParams
    overlap = Overlap.ALLOW

    def eligible(self, params: LetterParams) -> Select[str]:
        query = select(User.id).where(col(User.active))
        return query.where(col(User.paid)) if params.paid_only else query

    async def load(self, item_id: str, ctx: Context) -> User | None:
        async with ctx.session() as session:
            return await session.get(User, item_id)

    async def execute(self, entity: User, params: LetterParams, ctx: Context) -> Letter:
        if entity.id.endswith("3"):
            raise Fatal("no address")
        await ctx.stream.write(f"Dear {entity.name}")
        await ctx.stream.write("Yours")
        return Letter(entity.id, date(2026, 1, 31), timedelta(days=params.days))


class CappedParams(LetterParams):
    limit: int = 0


class CappedLetters(Letters):
    name = "capped-letter"
    params = CappedParams


async def refused(sluice: Sluice, **named: object) -> str:
    with pytest.raises(BadInput) as caught:
        await sluice.service.client.of(Letters).dry_run(**named)  # type: ignore[arg-type]  # wrong
    return caught.value.detail


async def test_params_are_keyword_arguments_beside_the_options(opener: Opener) -> None:
    async with opener(Letters()) as sluice:
        await sluice.add_users(20)
        letters = sluice.service.client.of(Letters)
        would = await letters.trigger_process(paid_only=True, dry_run=True)
        assert_type(would, DryRun)
        assert (would.total_eligible, would.to_process, would.already_processed) == (2, 2, 0)
        assert (would.exact, list(would.sample)) == (True, ["u00010", "u00020"])
        assert (await letters.dry_run(limit=3)).to_process == 3
        assert await letters.dry_run(LetterParams(paid_only=True)) == would
        assert await letters.dry_run(paidOnly=True) == would
        assert await traces(sluice) == (0, 0, 0)

        found = await letters.sample(LetterParams(paid_only=True), size=1, budget=Budget(usd=1))
        assert (found.tally.chosen, found.tally.begun) == (1, 1)
        assert found.estimate.basis == "no flow control bounds it"
        with pytest.raises(BadInput, match="A sample is of 1 to 200 items"):
            await letters.sample(size=201)
        with pytest.raises(BadInput, match="1 to 300 seconds"):
            await letters.sample(seconds=0)
        assert await traces(sluice) == (0, 0, 0)

        run = await letters.trigger_process(
            paid_only=True, force=True, options=RunOptions(max_failure_rate=0.1)
        )
        assert_type(run, RunHandle[Letter])
        kept = await run.status()
        assert (kept.params["paidOnly"], kept.force, kept.started_by) == (True, True, "code")
        assert kept.options["maxFailureRate"] == 0.1
        assert kept.options["minItems"] == Letters.min_items  # as the family says
        other = sluice.service.client.of("letter", started_by="nightly")
        assert (await (await other.trigger_process()).status()).started_by == "nightly"


async def test_a_param_that_is_not_there_or_is_wrong_is_refused_by_its_name(opener: Opener) -> None:
    async with opener(Letters()) as sluice:
        told = await refused(sluice, paid_onyl=True)
        assert told.startswith("letter has no param 'paid_onyl'. Did you mean paid_only?")
        assert "Its params are: paid_only, days, secret." in told
        assert "dry_run, force" in told
        assert "params.paid_only: must be true or false" in await refused(
            sluice, paid_only="perhaps"
        )
        letters = sluice.service.client.of(Letters)
        with pytest.raises(BadInput, match="as an object or by their names"):
            await letters.dry_run(LetterParams(), paid_only=True)
        with pytest.raises(BadInput, match="takes its params as LetterParams"):
            await letters.dry_run(FamilyParams())  # type: ignore[arg-type]  # which is the point
        with pytest.raises(BadInput, match="list of one id or more"):
            await letters.trigger_process(item_ids=[])
        with pytest.raises(BadInput, match="list of one id or more"):
            await letters.trigger_process(item_ids="u00001")
        with pytest.raises(BadInput, match="limit must be 1"):
            await letters.trigger_process(limit=0)
        with pytest.raises(NotFound, match="as welcome-placeholder"):
            sluice.service.client.of(Welcoming)
        assert await traces(sluice) == (0, 0, 0)


async def test_a_param_that_is_called_as_an_option_is_given_in_an_object(opener: Opener) -> None:
    async with opener(CappedLetters()) as sluice, sluice.worker():
        await sluice.add_users(2)
        letters = sluice.service.client.of(CappedLetters)
        with pytest.raises(BadInput, match=r"limit is an option, .* CappedParams\(limit=…\)"):
            await letters.trigger_process(limit=1)
        run = await letters.trigger_process(CappedParams(limit=6, days=7), limit=1)
        await run.result(timeout=PATIENCE)
        [item] = [item async for item in run.items()]
        assert item.result == Letter("u00001", date(2026, 1, 31), timedelta(days=7))


async def check_results(sluice: Sluice) -> None:
    await sluice.add_users(130)  # more than a page
    letters = sluice.service.client.of(Letters)
    run = await letters.trigger_process()
    ended = await run.result(timeout=PATIENCE)
    assert (ended.status, ended.succeeded, ended.failed) == ("partial", 117, 13)
    for again in (run, letters.run(run.id), sluice.service.client.run(run.id)):
        found = [item async for item in again.items(status="succeeded")]
        assert len(found) == 117
        assert found[0].result == Letter("u00001", date(2026, 1, 31), timedelta(days=1))
    failed = [item async for item in run.items(status="failed")]
    assert {(item.result, item.error_message) for item in failed} == {(None, "no address")}
    everything = [item async for item in run.items()]
    assert_type(everything, list[ItemResult[Letter]])
    assert [item.item_id for item in everything] == [f"u{n:05}" for n in range(1, 131)]


async def test_results_have_the_familys_type_on_postgres(opener: Opener) -> None:
    async with opener(Letters()) as sluice, sluice.worker():
        await check_results(sluice)


async def test_results_have_the_familys_type_on_qstash(opener: Opener) -> None:
    async with called_service(opener, Letters()) as called:
        await check_results(called.sluice)
        await called.qstash.settled()


async def test_a_run_that_fails_or_is_cancelled_has_no_result_and_a_sentence(
    opener: Opener,
) -> None:
    async with opener(Letters()) as sluice:
        await sluice.add_users(3)
        letters = sluice.service.client.of(Letters)
        failing = await letters.trigger_process(item_ids=["u00003"])
        cancelled = await letters.trigger_process()
        await sluice.service.api.control.cancel(cancelled.id, by="ops")
        async with sluice.worker():
            with pytest.raises(RunNotSucceeded, match=r"^Run \w+ of letter failed\. \w+") as caught:
                await failing.result(timeout=PATIENCE)
            assert caught.value.run.failed == 1
            with pytest.raises(RunNotSucceeded, match=r"of letter was cancelled\. \w+"):
                await cancelled.result(timeout=PATIENCE)
            assert (await cancelled.wait(timeout=PATIENCE)).status == "cancelled"


async def test_what_one_item_writes_is_read_while_it_writes(opener: Opener) -> None:
    async with opener(Letters()) as sluice:
        await sluice.add_users(2)
        letters = sluice.service.client.of(Letters)
        run = await letters.trigger_execute("u00002", paid_only=True)
        assert_type(run, RunHandle[Letter])
        async with sluice.worker():
            heard = [chunk.data async for chunk in run.stream()]  # it begins before the item does
            assert heard == ["Dear Name of u00002", "Yours"]
            assert [chunk.data async for chunk in letters.run(run.id).stream("u00002")] == heard
            with pytest.raises(BadInput, match="Say which item"):
                await anext(letters.run(run.id).stream())
            with pytest.raises(NotFound, match="has no item 'u00001'"):
                await anext(run.stream("u00001"))
            with pytest.raises(BadInput, match="No item has the status 'done'"):
                await anext(run.items(status="done"))


async def test_an_item_is_previewed_with_the_familys_type(opener: Opener) -> None:
    async with opener(Letters()) as sluice:
        await sluice.add_users(3)
        letters = sluice.service.client.of(Letters)
        preview = await letters.preview("u00002", days=4)
        assert_type(preview, ItemPreview[Letter])
        assert preview.outcome == "succeeded"
        assert preview.result == Letter("u00002", date(2026, 1, 31), timedelta(days=4))
        failing = await letters.preview("u00003")
        assert (failing.outcome, failing.result) == ("failed", None)
        assert (failing.error_class, failing.reason) == ("Fatal", "no address")
        with pytest.raises(BadInput, match="has no param 'day'"):
            await letters.preview("u00002", day=4)
        assert await traces(sluice) == (0, 0, 0)


async def test_the_same_call_under_a_key_gives_the_same_run(opener: Opener) -> None:
    async with opener(Letters(), Welcoming()) as sluice:
        letters = sluice.service.client.of(Letters)
        secret = SecretStr("a-secret-of-a-caller")
        first = await letters.trigger_process(LetterParams(secret=secret), idempotency_key="k")
        again = await letters.trigger_process(LetterParams(secret=secret), idempotency_key="k")
        assert again.id == first.id
        for other in (LetterParams(), LetterParams(secret=SecretStr("another-secret-of-it"))):
            with pytest.raises(BadInput, match="key"):
                await letters.trigger_process(other, idempotency_key="k")
        one = await letters.trigger_execute("u1", idempotency_key="item-u1")
        assert (await letters.trigger_execute("u1", idempotency_key="item-u1")).id == one.id
        with pytest.raises(BadInput, match="belongs to letter, not to welcome-placeholder"):
            await sluice.service.client.of(Welcoming).run(first.id).status()
        assert (await traces(sluice))[0] == 2


async def test_items_are_added_to_a_run_that_is_going(opener: Opener) -> None:
    async with opener(Letters()) as sluice:
        await sluice.add_users(4)
        letters = sluice.service.client.of(Letters)
        run = await letters.trigger_process(item_ids=["u00001"])
        with pytest.raises(Conflict):
            await letters.trigger_items(run.id, ["u00002"])
        await run_until_it_is_going(sluice, run.id)
        ids: Sequence[str] = ["u00002", "u00004"]
        assert await letters.trigger_items(run.id, ids) == 2
        assert await letters.trigger_items(run.id, ids) == 0


async def run_until_it_is_going(sluice: Sluice, run_id: str) -> None:
    """As layer 1 leaves it, and no item at work."""
    await sluice.sql("UPDATE sluice.run SET status = 'running' WHERE id = :id", id=run_id)
