"""What a family's types are is known however many classes lie between it and JobFamily."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

import pytest
from pydantic import BaseModel
from typing_extensions import TypeVar as DefaultTypeVar

from app.workflows.family import Context, FamilyParams, JobFamily
from app.workflows.registry.bound_family import bind
from app.workflows.registry.known_types import id_type, result_type, values_of
from app.workflows.registry.threads import Threads

EntityT = TypeVar("EntityT")
ResultT = TypeVar("ResultT")
KeyT = TypeVar("KeyT", str, int, UUID)
SizeT = DefaultTypeVar("SizeT", default=float)


@dataclass(frozen=True)
class Receipt:
    number: int


@dataclass(frozen=True)
class Pair(Generic[ResultT]):
    one: ResultT


class Answer(BaseModel, Generic[ResultT]):
    said: ResultT


class Direct(JobFamily[FamilyParams, str, Receipt, int]):
    pass


class OfText(JobFamily[FamilyParams, str, Receipt]):
    pass


class Loads:
    """Not generic, and no family."""

    def load(self, item_id: int, ctx: Context) -> str | None:
        return str(item_id)

    def execute(self, entity: str, params: FamilyParams, ctx: Context) -> Receipt:
        return Receipt(int(entity))


class ByMixin(Loads, JobFamily[FamilyParams, str, Receipt, int]):
    pass


class Keeps(Generic[EntityT, ResultT, KeyT]):
    """As many variables as JobFamily has types that matter, and in another order."""

    def keep(self, entity: EntityT, result: ResultT, key: KeyT) -> None:
        pass


class ByGenericMixin(Keeps[Receipt, bytes, str], Direct):
    pass


class Shared(JobFamily[FamilyParams, EntityT, ResultT, KeyT], Generic[KeyT, ResultT, EntityT]):
    pass


class ByBase(Shared[int, Receipt, str]):
    pass


class Lists(Shared[KeyT, list[ResultT | None], str], Generic[ResultT, KeyT]):
    pass


class ByTwoBases(Keeps[str, list[Receipt | None], UUID], Lists[Receipt, UUID]):
    pass


class Below(ByTwoBases):
    pass


class Bare(JobFamily):  # type: ignore[type-arg]  # as authors do who check no types
    pass


class BareFirst(Bare, JobFamily[FamilyParams, str, Receipt, int]):
    pass


class Unsaid(Lists):  # type: ignore[type-arg]  # likewise
    pass


class Sized(JobFamily[FamilyParams, str, SizeT], Generic[SizeT]):
    pass


class BySize(Sized[int]):
    pass


class ByDefault(Sized):
    pass


class Answers(JobFamily[FamilyParams, str, Answer[ResultT], KeyT], Generic[ResultT, KeyT]):
    pass


class ByModel(Answers[Receipt, int]):
    pass


class Pairs(JobFamily[FamilyParams, str, dict[str, Pair[ResultT]]], Generic[ResultT]):
    pass


class ByDataclass(Pairs[Receipt]):
    pass


@pytest.mark.parametrize(
    ("family", "result", "key"),
    [
        (Direct, Receipt, int),
        (OfText, Receipt, str),
        (ByMixin, Receipt, int),
        (ByGenericMixin, Receipt, int),
        (ByBase, Receipt, int),
        (ByTwoBases, list[Receipt | None], UUID),
        (Below, list[Receipt | None], UUID),
        (Bare, Any, str),
        (BareFirst, Receipt, int),
        (Unsaid, list[Any | None], str),
        (Sized, float, str),
        (ByDefault, float, str),
        (BySize, int, str),
        (ByModel, Answer[Receipt], int),
        (ByDataclass, dict[str, Pair[Receipt]], str),
    ],
)
def test_types_are_told_through_mixins_and_generic_bases(
    family: type, result: object, key: type
) -> None:
    assert result_type(family) == result
    assert id_type(family) is key


@pytest.fixture
def threads() -> Iterator[Threads]:
    opened = Threads(2)
    yield opened
    opened.close()


@pytest.mark.parametrize("kind", [Direct, ByMixin, ByGenericMixin, ByBase])
def test_a_family_that_inherits_reads_back_what_one_that_writes_it_itself_does(
    threads: Threads, kind: type[JobFamily[Any, Any, Any, Any]]
) -> None:
    kind.name = "kept"  # what a family is called is no matter here
    bound = bind(kind(), threads)
    kept = bound.results.keep(Receipt(7))
    assert (kept.json, kept.exact) == ('{"number":7}', None)
    assert bound.results.read(kept.json, kept.exact) == Receipt(7)
    assert bound.ids is not None
    assert bound.ids.read("007") is None


def test_steps_may_be_given_a_model_that_a_base_was_told_of() -> None:
    values = values_of(ByModel())
    answer = Answer[Receipt](said=Receipt(7))
    assert values.load(values.dump(answer)) == answer


def test_what_a_family_says_itself_goes_before_what_its_bases_say() -> None:
    class Other(Direct, JobFamily[FamilyParams, str, list[float]]):
        pass

    assert result_type(Other) == list[float]
