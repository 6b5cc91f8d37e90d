"""A bound family: plain methods run in threads, async ones on the loop."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Awaitable, Collection, Iterator, Sequence
from typing import cast

import pytest
from sqlalchemy import Select
from sqlmodel import select

from app.workflows.family import Context, Entity, FamilyParams, Fatal, JobFamily
from app.workflows.keys import Layer
from app.workflows.registry.bound_family import bind
from app.workflows.registry.threads import Threads
from app.workflows.serialization.codec import NotSerialisable
from tests.support.families import Recording
from tests.support.patience import PATIENCE
from tests.support.users import User

NO_CONTEXT = cast("Context", None)  # these families never look at it
PARAMS = FamilyParams()
asked: contextvars.ContextVar[str] = contextvars.ContextVar("asked")


@pytest.fixture
def threads() -> Iterator[Threads]:
    opened = Threads(4)
    yield opened
    opened.close()


class Where(JobFamily[FamilyParams, str, dict[str, int]]):
    """Notes the thread in which each method ran."""

    name = "where"
    entity = Entity("user", "users")

    def __init__(self) -> None:
        self.ran: dict[str, str] = {}

    def note(self, method: str) -> None:
        self.ran[method] = threading.current_thread().name

    def eligible(self, params: FamilyParams) -> Select[str]:
        return select(User.id)


class Plain(Where):
    def count(self, params: FamilyParams, ctx: Context) -> int | None:
        self.note("count")
        return 7

    def existing(self, ids: Sequence[str], params: FamilyParams, ctx: Context) -> Collection[str]:
        self.note("existing")
        return ids[:1]

    def load(self, item_id: str, ctx: Context) -> str:
        self.note("load")
        return asked.get("nobody") + item_id

    def execute(self, entity: str, params: FamilyParams, ctx: Context) -> dict[str, int]:
        self.note("execute")
        return {entity: 1}

    def save(self, entity: str, result: dict[str, int], params: FamilyParams, ctx: Context) -> None:
        self.note("save")


class Asynchronous(Where):
    async def existing(
        self, ids: Sequence[str], params: FamilyParams, ctx: Context
    ) -> Collection[str]:
        self.note("existing")
        return ids[:1]

    async def load(self, item_id: str, ctx: Context) -> str:
        self.note("load")
        return item_id

    async def execute(self, entity: str, params: FamilyParams, ctx: Context) -> dict[str, int]:
        self.note("execute")
        return {entity: 1}

    async def save(
        self, entity: str, result: dict[str, int], params: FamilyParams, ctx: Context
    ) -> None:
        self.note("save")


async def _call_all(family: Where, threads: Threads) -> None:
    bound = bind(family, threads)
    assert await bound.existing(["u1", "u2"], PARAMS, NO_CONTEXT) == ["u1"]
    assert await bound.load("u1", NO_CONTEXT) in {"u1", "nobodyu1"}
    assert await bound.execute("u1", PARAMS, NO_CONTEXT) == {"u1": 1}
    assert await bound.save("u1", {"u1": 1}, PARAMS, NO_CONTEXT) is None


async def test_plain_methods_run_in_a_thread_of_the_familys_own(
    threads: Threads,
) -> None:
    family = Plain()
    await _call_all(family, threads)
    assert await bind(family, threads).count(PARAMS, NO_CONTEXT) == 7
    assert set(family.ran) == {"count", "existing", "load", "execute", "save"}
    assert all(thread.startswith("where.") for thread in family.ran.values())


async def test_async_methods_run_on_the_loop(threads: Threads) -> None:
    family = Asynchronous()
    await _call_all(family, threads)
    here = threading.current_thread().name
    assert family.ran == dict.fromkeys(("existing", "load", "execute", "save"), here)


async def test_what_the_author_left_out_costs_no_thread(threads: Threads) -> None:
    threads.close()  # whoever asks for one now is refused
    bound = bind(Asynchronous(), threads)
    assert await bound.count(PARAMS, NO_CONTEXT) is None
    assert bound.pages is None
    assert bound.filters
    assert not bind(Where(), threads).filters
    assert await bind(Where(), threads).existing(["u1"], PARAMS, NO_CONTEXT) == ()
    assert await bind(Where(), threads).save("u1", {}, PARAMS, NO_CONTEXT) is None


async def test_a_thread_sees_the_context_variables_of_its_caller(
    threads: Threads,
) -> None:
    asked.set("somebody-")
    assert await bind(Plain(), threads).load("u1", NO_CONTEXT) == "somebody-u1"


class Blocking(Plain):
    def __init__(self) -> None:
        super().__init__()
        self.inside: list[str] = []
        self.go_on = threading.Event()

    def execute(self, entity: str, params: FamilyParams, ctx: Context) -> dict[str, int]:
        self.inside.append(entity)
        assert self.go_on.wait(PATIENCE)
        return {entity: 1}


async def test_a_plain_method_that_blocks_stalls_neither_the_loop_nor_the_others(
    threads: Threads,
) -> None:
    family = Blocking()
    bound = bind(family, threads)
    items = [f"u{n}" for n in range(3)]  # the fourth thread is kept for another family
    executing = asyncio.gather(*(bound.execute(item, PARAMS, NO_CONTEXT) for item in items))
    async with asyncio.timeout(PATIENCE):  # here the loop goes on, and waits for all of them
        while len(family.inside) < len(items):
            await asyncio.sleep(0.005)
    family.go_on.set()
    await executing
    assert sorted(family.inside) == items


async def test_an_error_of_a_plain_method_comes_out_as_it_is(threads: Threads) -> None:
    class Failing(Plain):
        def load(self, item_id: str, ctx: Context) -> str:
            raise LookupError(item_id)

    with pytest.raises(LookupError, match="u1"):
        await bind(Failing(), threads).load("u1", NO_CONTEXT)


async def test_a_plain_method_may_answer_something_to_await(threads: Threads) -> None:
    async def later() -> str:
        return threading.current_thread().name

    class Mixed(Where):
        def load(self, item_id: str, ctx: Context) -> Awaitable[str]:
            self.note("load")
            return later()

    family = Mixed()
    assert await bind(family, threads).load("u1", NO_CONTEXT) == threading.current_thread().name
    assert family.ran["load"].startswith("where.")


def test_results_are_read_and_written_as_the_family_declares_them(
    threads: Threads,
) -> None:
    bound = bind(Plain(), threads)
    kept = bound.results.keep({"a": 1})
    assert bound.results.read(kept.json, kept.exact) == {"a": 1}
    with pytest.raises(Fatal, match="result type"):
        bound.results.keep({"a": "one"})
    with pytest.raises(NotSerialisable, match=r"What execute returned\['a'\] is a object"):
        bound.results.keep({"a": object()})
    with pytest.raises(Fatal, match="NUL"):
        bind(Recording(), threads).results.keep("a\0b")


def test_flow_keys_are_made_of_the_familys_name(threads: Threads) -> None:
    bound = bind(Plain(), threads)
    assert [bound.flow_key(layer) for layer in Layer] == [
        "where.process",
        "where.paginate",
        "where.execute",
    ]
