"""Ids as drivers and APIs give them are the items' own."""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Column, Integer, MetaData, Select, Table, Uuid, insert
from sqlmodel import select

from app.workflows.family import Context, FamilyParams, Page
from app.workflows.keys import MAX_ITEM_ID
from app.workflows.sources.errors import SourceMisused
from app.workflows.sources.item_ids import checked_id, checked_ids, id_text, ids_answered
from tests.support.control import Asked, control, kinds, paused
from tests.support.families import Recording
from tests.support.http import api, assert_problem
from tests.support.service import Opener

KINDS: dict[str, tuple[Any, Sequence[Any]]] = {
    "numbers": (Integer, range(1, 121)),
    "UUIDs": (Uuid, [uuid4() for _ in range(120)]),
}


class FromTables(Recording):
    """Its ids and its results are rows, and it answers them as the driver gives them."""

    name = "from-tables"
    page_size = 20

    def __init__(self, kind: Any) -> None:
        super().__init__()
        self.metadata = MetaData()
        self.orders = Table("orders", self.metadata, Column("id", kind, primary_key=True))
        self.notes = Table("notes", self.metadata, Column("order_id", kind, primary_key=True))

    def eligible(self, params: FamilyParams) -> Select[Any]:
        return select(self.orders.c.id)

    async def existing(self, ids: Sequence[str], params: FamilyParams, ctx: Context) -> Any:
        async with ctx.session() as session:
            return (await session.exec(select(self.notes.c.order_id))).all()

    async def load(self, item_id: str, ctx: Context) -> str | None:
        return item_id


@pytest.mark.parametrize("kind", KINDS)
async def test_what_has_a_result_is_recognised_as_the_driver_gives_it(
    opener: Opener, kind: str
) -> None:
    of_type, values = KINDS[kind]
    family = FromTables(of_type)
    async with opener(family) as sluice, sluice.worker():
        async with sluice.service.database.begin() as tx:
            await tx.run_sync(family.metadata.create_all)
            await tx.execute(insert(family.orders), [{"id": value} for value in values])
            await tx.execute(insert(family.notes), [{"order_id": value} for value in values[:70]])
        counted = (await sluice.dry_run()).survey.statistics
        assert (counted.total_eligible, counted.already_processed, counted.to_process) == (
            120, 70, 50,
        )  # fmt: skip
        run = await sluice.ended(await sluice.start())
        assert (run.scheduled, run.succeeded) == (50, 50)
        assert set(family.executed) == {str(value) for value in values[70:]}


class Saying(Recording):
    """Answers whatever it is told to."""

    name = "saying"
    answer: Any = ()
    pages: Any = Page(["a", "b"], None)

    def eligible(self, params: FamilyParams) -> Select[Any]:
        raise NotImplementedError

    async def page(self, cursor: str | None, size: int, params: FamilyParams, ctx: Context) -> Any:
        return self.pages

    async def existing(self, ids: Sequence[str], params: FamilyParams, ctx: Context) -> Any:
        return self.answer

    async def load(self, item_id: str, ctx: Context) -> str | None:
        return item_id


EXISTING = {
    "a single text": "ab",
    "nothing at all": None,
    "how many": 2,
    "rows": [("a",), ("b",)],
    "dates": [date(2026, 1, 2)],
    "decimals": [Decimal(1)],
    "yes and no": [True, False],
    "floats": [1.0],
}
PAGES = {
    "no page": None,
    "a list": ["a"],
    "a pair": (["a"], None),
    "ids that are none": Page([1.5], None),  # type: ignore[list-item]  # what an author may do
    "a cursor that is a number": Page(["a"], 7),  # type: ignore[arg-type]
    "a cursor with NUL": Page(["a"], "\0"),
    "an id with NUL": Page(["a\0"], None),
}


async def test_what_is_no_answer_is_refused_with_a_sentence_and_the_run_fails_at_once(
    opener: Opener, subtests: pytest.Subtests
) -> None:
    family = Saying()
    cases: list[tuple[str, str, Any, Any]] = [
        ("existing()", name, EXISTING[name], family.pages) for name in EXISTING
    ]
    cases += [("page()", name, (), PAGES[name]) for name in PAGES]
    path = "/api/workflows/saying/process-users"
    async with opener(family) as sluice, api(sluice) as caller, sluice.worker():
        for method, name, answer, pages in cases:
            with subtests.test(f"{method} {name}"):
                family.answer, family.pages = answer, pages
                dry = await caller.post(path, json={"dryRun": True})
                sentence = assert_problem(dry, 500)["detail"]
                assert method in sentence or "An item id has" in sentence
                run = await sluice.ended(await sluice.start())
                assert (run.status, run.scheduled) == ("failed", 0)
                assert "retrying" not in await kinds(sluice, run.id)
                assert sentence in (run.detail or "")


async def test_numbers_and_uuids_that_a_page_holds_are_ids_too(opener: Opener) -> None:
    family, one = Saying(), uuid4()
    family.pages = Page([7, one, "a"], None)  # type: ignore[list-item]  # as an API gives them
    async with opener(family) as sluice, sluice.worker():
        run = await sluice.ended(await sluice.start())
        assert run.succeeded == 3
        assert set(family.executed) == {"7", str(one), "a"}


class Plan(str, enum.Enum):  # noqa: UP042 - the kind that prints as Plan.FREE
    FREE = "free"


def test_a_text_that_is_an_enum_is_its_value() -> None:
    assert id_text(Plan.FREE, "existing()") == "free"
    assert ids_answered({Plan.FREE, None, UUID(int=1), 3}) == {"free", str(UUID(int=1)), "3"}


def test_a_page_of_ids_is_checked_as_each_is() -> None:
    given = ["a", 7, UUID(int=1), Plan.FREE, "ä" * MAX_ITEM_ID]
    assert checked_ids(given, "page()") == [id_text(one, "page()") for one in given]
    assert checked_ids([], "page()") == []


@pytest.mark.parametrize(
    "wrong", ["", "x" * (MAX_ITEM_ID + 1), "a\nb", "a\x00", "\ud800", "\u2028"]
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_one_wrong_id_of_a_page_is_named(wrong: str, place: int) -> None:
    page = ["u1", "u2"]
    page.insert(place, wrong)
    with pytest.raises(SourceMisused) as alone:
        checked_id(wrong)
    with pytest.raises(SourceMisused, match=f"^{re.escape(alone.value.detail)}$"):
        checked_ids(page, "page()")
    with pytest.raises(SourceMisused, match=r"^page\(\) gave 1\.5, of the type float"):
        checked_ids([*page, 1.5], "page()")


def test_a_boolean_is_no_number() -> None:
    with pytest.raises(SourceMisused, match="gave True, of the type bool"):
        id_text(True, "page()")


async def test_a_limit_is_of_items_and_none_is_counted_twice(opener: Opener) -> None:
    """Those of the canary are on the pages once more; so are ids that a page repeats."""
    family = Asked(lambda *_: None, canary=8)
    async with opener(family) as sluice:
        await sluice.add_users(20)
        counted = (await sluice.dry_run(limit=15, force=True)).survey.statistics
        run_id = await sluice.start(options=family.options, limit=15, force=True)
        async with sluice.worker():
            await paused(sluice, run_id)
            await control(sluice, "resume", run_id)
            run = await sluice.ended(run_id)
    assert (counted.to_process, run.scheduled, run.succeeded) == (15, 15, 15)


class Repeating(Saying):
    name = "repeating"

    async def page(self, cursor: str | None, size: int, params: FamilyParams, ctx: Context) -> Any:
        at = int(cursor or 0)
        return Page([f"u{at}", f"u{at}", f"u{at + 1}"], str(at + 1) if at < 5 else None)


@pytest.mark.parametrize("limit", [None, 4, 7])
@pytest.mark.parametrize("force", [True, False])
async def test_an_id_that_pages_repeat_is_counted_and_executed_once(
    opener: Opener, limit: int | None, force: bool
) -> None:
    family = Repeating()
    family.answer = ["u2"]
    async with opener(family) as sluice, sluice.worker():
        counted = (await sluice.dry_run(limit=limit, force=force)).survey.statistics
        run = await sluice.ended(await sluice.start(limit=limit, force=force))
        expected = min(limit or 99, 7 if force else 6)
        assert (counted.total_eligible, counted.to_process) == (7, expected)
        assert (run.scheduled, run.succeeded) == (expected, expected)
        assert set(family.executed.values()) == {1}
