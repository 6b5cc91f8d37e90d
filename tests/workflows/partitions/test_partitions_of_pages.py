"""A page of a SELECT brings the partitions of its ids: the same as are asked for by id."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import BigInteger, Select, String, Text, TypeDecorator, Uuid, column, select, values

from app.bootstrap import make_context
from app.workflows.family import FamilyParams, Flow, FlowControl, JobFamily
from app.workflows.item_partitions import partitions_of
from app.workflows.sources.errors import SourceMisused
from app.workflows.sources.sql_source import SqlSource
from tests.support.families import Recording
from tests.support.servers.type_lookups import TypeLookups
from tests.support.service import Opener


class Prefixed(TypeDecorator[str]):
    """As the family's models know it: with its kind before it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> Any:
        return value

    def process_result_value(self, value: Any, dialect: Any) -> Any:
        return f"order-{value}"


TEXTS = [("a", "x"), ("b", None), ("c", "y"), ("c", "x"), ("d", "\u00e4"), ("e", "x")]
NUMBERS = [(1, "x"), (2, None), (10, "y"), (10, "x")]
UUIDS = [(f"00000000-0000-4000-8000-{n:012}", of) for n, of in enumerate(["x", None, "y"])]


class Chosen(Recording):
    flow = Flow(execute=FlowControl(per_partition=1))

    def __init__(self, kind: Any, rows: list[Any]) -> None:
        super().__init__()
        self.kind, self.rows = kind, rows

    def eligible(self, params: FamilyParams) -> Select[Any]:
        chosen = values(column("id", self.kind), column("of", String), name="chosen")
        found = chosen.data(self.rows)
        return select(found.c.id, found.c.of)


class OfNumbers(Chosen, JobFamily[FamilyParams, int, int, int]):
    """Its methods would take numbers."""


class OfUuids(Chosen, JobFamily[FamilyParams, UUID, str, UUID]):
    """Its methods would take UUIDs."""


@pytest.mark.parametrize(
    "family",
    [
        Chosen(Text(), TEXTS),
        OfNumbers(BigInteger(), NUMBERS),
        OfUuids(Uuid(as_uuid=False), UUIDS),
    ],
    ids=["text", "number", "uuid"],
)
async def test_page_by_page_each_id_comes_once_with_the_first_of_its_partitions(
    opener: Opener, type_lookups: TypeLookups, family: Chosen
) -> None:
    # Over new connections: each looks a type up once.
    async with replace(opener, kept=None)(family) as sluice:
        source = SqlSource(sluice.service.database, family.eligible(FamilyParams()))
        plain = await source.page(None, 100)
        found: dict[str, str] = {}
        cursor, pages = None, 0
        while pages == 0 or cursor is not None:
            page, of = await source.page_with_partitions(cursor, 2)
            assert list(of) == page.ids
            found |= of
            cursor, pages = page.next_cursor, pages + 1
        assert (list(found), pages) == (plain.ids, (len(plain.ids) + 1) // 2)
        bound = sluice.bound("recording")
        ctx = make_context(sluice.service.services, bound)
        assert found == await partitions_of(bound, FamilyParams(), ctx, plain.ids)
        assert not type_lookups.found
    expected: dict[str, str] = {}
    for item_id, name in family.rows:
        expected[str(item_id)] = min(expected.get(str(item_id), name or ""), name or "")
    assert found == expected


async def test_an_id_that_the_models_know_otherwise_is_that_in_the_page(opener: Opener) -> None:
    family = Chosen(Prefixed(), [("1", "x"), ("2", "y")])
    async with opener(Recording()) as sluice:
        source = SqlSource(sluice.service.database, family.eligible(FamilyParams()))
        page, of = await source.page_with_partitions(None, 1)
        assert (page.ids, of) == (["order-1"], {"order-1": "x"})
        _, of = await source.page_with_partitions(page.next_cursor, 1)
        assert of == {"order-2": "y"}


async def test_without_a_second_column_or_with_one_too_long_the_sentence_says_so(
    opener: Opener,
) -> None:
    long = Chosen(Text(), [("a", "x" * 201)])
    async with opener(Recording()) as sluice:
        one = SqlSource(sluice.service.database, select(column("id", Text)), "letters")
        with pytest.raises(SourceMisused, match="letters limits each partition"):
            await one.page_with_partitions(None, 1)
        source = SqlSource(sluice.service.database, long.eligible(FamilyParams()))
        with pytest.raises(SourceMisused, match="a partition of 201 characters"):
            await source.page_with_partitions(None, 1)
