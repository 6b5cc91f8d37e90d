"""A family's own methods are given ids as its tables have them: whole numbers, UUIDs, or several
columns in one text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import (
    BigInteger,
    Column,
    MetaData,
    Select,
    Table,
    Text,
    Uuid,
    insert,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import select

from app.errors import BadInput
from app.workflows.family import Context, Entity, FamilyParams, JobFamily
from tests.support.families import Recording
from tests.support.http import api, assert_problem
from tests.support.service import Opener, Sluice

METADATA = MetaData()


def tables(name: str, kind: Any) -> tuple[Table, Table]:
    return (
        Table(name, METADATA, Column("id", kind, primary_key=True)),
        Table(f"{name}_note", METADATA, Column("id", kind, primary_key=True), Column("text", Text)),
    )


ORDERS, ORDER_NOTES = tables("order", BigInteger)
PARCELS, PARCEL_NOTES = tables("parcel", Uuid)


class OrderNotes(JobFamily[FamilyParams, int, str, int]):
    """Its methods compare ids with columns as they come, without a cast."""

    name = "order-note"
    entity = Entity("order", "orders")
    page_size = 2

    def eligible(self, params: FamilyParams) -> Select[int]:
        return select(ORDERS.c.id)

    async def existing(self, ids: Sequence[int], params: FamilyParams, ctx: Context) -> set[int]:
        async with ctx.session() as session:
            found = select(ORDER_NOTES.c.id).where(ORDER_NOTES.c.id.in_(ids))
            return set(await session.exec(found))

    async def load(self, item_id: int, ctx: Context) -> int | None:
        async with ctx.session() as session:
            found = await session.exec(select(ORDERS.c.id).where(ORDERS.c.id == item_id))
            return found.one_or_none()

    async def execute(self, entity: int, params: FamilyParams, ctx: Context) -> str:
        return f"half of it is {entity // 2}"

    async def save(self, entity: int, result: str, params: FamilyParams, ctx: Context) -> None:
        async with ctx.session() as session:
            await session.exec(
                upsert(ORDER_NOTES).values(id=entity, text=result).on_conflict_do_nothing()
            )
            await session.commit()

    async def stored(self, item_id: int, params: FamilyParams, ctx: Context) -> str | None:
        async with ctx.session() as session:
            kept = select(ORDER_NOTES.c.text).where(ORDER_NOTES.c.id == item_id)
            return (await session.exec(kept)).one_or_none()


class ParcelNotes(JobFamily[FamilyParams, UUID, str, UUID]):
    name = "parcel-note"
    entity = Entity("parcel", "parcels")
    page_size = 2

    def eligible(self, params: FamilyParams) -> Select[UUID]:
        return select(PARCELS.c.id)

    async def load(self, item_id: UUID, ctx: Context) -> UUID | None:
        async with ctx.session() as session:
            found = await session.exec(select(PARCELS.c.id).where(PARCELS.c.id == item_id))
            return found.one_or_none()

    def execute(self, entity: UUID, params: FamilyParams, ctx: Context) -> str:
        return entity.hex


async def filled(sluice: Sluice, table: Table, ids: Sequence[object]) -> None:
    async with sluice.service.database.begin() as tx:
        await tx.run_sync(METADATA.create_all)
        await tx.execute(insert(table), [{"id": item_id} for item_id in ids])


async def test_whole_numbers_are_given_as_such_from_the_page_to_the_result(opener: Opener) -> None:
    async with opener(OrderNotes()) as sluice, api(sluice) as caller, sluice.worker():
        await filled(sluice, ORDERS, (2, 9, 10, 11, 100))
        run = await sluice.ended(await sluice.start())
        assert (run.succeeded, run.scheduled) == (5, 5)
        results = {item.item_id: item.result for item in await sluice.items(run.id)}
        assert results["100"] == "half of it is 50"
        again = await sluice.ended(await sluice.start())
        assert (again.already_processed, again.scheduled) == (5, 0)
        path = "/api/workflows/order-note/execute-order"
        shown = await caller.post(path, json={"orderId": 100, "dryRun": True})
        assert shown.json()["before"] == "half of it is 50"


async def test_uuids_are_given_as_such(opener: Opener) -> None:
    ids = [uuid4() for _ in range(5)]
    async with opener(ParcelNotes()) as sluice, sluice.worker():
        await filled(sluice, PARCELS, ids)
        run = await sluice.ended(await sluice.start())
        results = {item.item_id: item.result for item in await sluice.items(run.id)}
        assert results == {str(item_id): item_id.hex for item_id in ids}


@pytest.mark.parametrize("wrong", ["abc", "007", "1.5", "", " 7", "1_000", "+7"])
async def test_what_is_no_whole_number_is_refused_at_every_door(opener: Opener, wrong: str) -> None:
    async with opener(OrderNotes()) as sluice, api(sluice) as caller:
        path = "/api/workflows/order-note"
        for route, body in (
            ("process-orders", {"itemIds": ["7", wrong]}),
            ("process-orders", {"itemIds": [wrong], "dryRun": True}),
            ("execute-order", {"orderId": wrong}),
            ("execute-order", {"orderId": wrong, "dryRun": True}),
        ):
            refused = assert_problem(await caller.post(f"{path}/{route}", json=body), 422)
            assert "is not a whole number" in refused["detail"] or not wrong
        assert await sluice.sql("SELECT 1 FROM sluice.run") == []


async def test_a_uuid_has_one_spelling(opener: Opener) -> None:
    item_id = uuid4()
    async with opener(ParcelNotes()) as sluice, sluice.worker():
        await filled(sluice, PARCELS, [item_id])
        for other in (item_id.hex, f"{{{item_id}}}", f"urn:uuid:{item_id}"):
            with pytest.raises(BadInput, match="is not a UUID in small letters"):
                await sluice.start(item_ids=[other])
        run = await sluice.ended(await sluice.start(item_ids=[item_id]))
        assert run.succeeded == 1


async def test_what_a_stored_list_names_and_cannot_be_there_is_skipped(opener: Opener) -> None:
    async with opener(OrderNotes()) as sluice, api(sluice) as caller, sluice.worker():
        await filled(sluice, ORDERS, (7,))
        listed = (await caller.post("/api/item-lists", json={"itemIds": ["7", "seven"]})).json()
        run = await sluice.ended(await sluice.start(item_list=listed["listId"]))
        assert (run.succeeded, run.skipped, run.failed) == (1, 1, 0)


class Untyped(Recording):
    """Says nothing of what type its column has."""

    name = "untyped"
    page_size = 2

    def __init__(self, kind: str) -> None:
        super().__init__()
        self.kind = kind

    def eligible(self, params: FamilyParams) -> Select[Any]:
        return select(literal_column("id")).select_from(text(f"bare_{self.kind}"))

    async def load(self, item_id: str, ctx: Context) -> str | None:
        return item_id


@pytest.mark.parametrize(
    ("kind", "ids"), [("uuid", [str(uuid4()) for _ in range(9)]), ("bigint", list(range(5, 14)))]
)
async def test_a_column_without_a_type_is_paged_through_to_its_end(
    opener: Opener, kind: str, ids: Sequence[object]
) -> None:
    async with opener(Untyped(kind)) as sluice, sluice.worker():
        await sluice.sql(f"CREATE TABLE bare_{kind} (id {kind} PRIMARY KEY)")
        for item_id in ids:
            await sluice.sql(f"INSERT INTO bare_{kind} VALUES ('{item_id}')")  # noqa: S608 - ours
        assert (await sluice.dry_run()).survey.statistics.to_process == 9
        run = await sluice.ended(await sluice.start())
        assert run.succeeded == 9
        assert {item.item_id for item in await sluice.items(run.id)} == set(map(str, ids))


LINES = Table(
    "order_line",
    METADATA,
    Column("order_no", BigInteger, primary_key=True),
    Column("line", BigInteger, primary_key=True),
    Column("label", Text),
)


@dataclass(frozen=True)
class Line:
    order_no: int
    line: int

    @classmethod
    def of(cls, item_id: str) -> Line:
        order_no, _, line = item_id.partition(":")
        return cls(int(order_no), int(line))


class LineLabels(JobFamily[FamilyParams, Line, str]):
    """One item for each row of a table whose key has two columns, as a guide shows it."""

    name = "line-label"
    entity = Entity("line", "lines")
    page_size = 2

    def eligible(self, params: FamilyParams) -> Select[str]:
        item_id = LINES.c.order_no.cast(Text) + ":" + LINES.c.line.cast(Text)
        return select(item_id).where(LINES.c.label.is_(None))

    async def load(self, item_id: str, ctx: Context) -> Line:
        return Line.of(item_id)

    async def execute(self, entity: Line, params: FamilyParams, ctx: Context) -> str:
        return f"{entity.line} of {entity.order_no}"

    async def save(self, entity: Line, result: str, params: FamilyParams, ctx: Context) -> None:
        row = (LINES.c.order_no == entity.order_no) & (LINES.c.line == entity.line)
        async with ctx.session() as session:
            await session.exec(LINES.update().where(row).values(label=result))
            await session.commit()


async def test_a_key_of_two_columns_is_one_text(opener: Opener) -> None:
    async with opener(LineLabels()) as sluice, sluice.worker():
        async with sluice.service.database.begin() as tx:
            await tx.run_sync(METADATA.create_all)
            rows = [{"order_no": order, "line": line} for order in (1, 12) for line in (1, 2, 11)]
            await tx.execute(insert(LINES), rows)
        run = await sluice.ended(await sluice.start())
        assert run.succeeded == 6
        labels = await sluice.sql("SELECT order_no, line, label FROM order_line")
        assert {row.label for row in labels} == {f"{row.line} of {row.order_no}" for row in labels}
        assert (await sluice.dry_run()).survey.statistics.total_eligible == 0
