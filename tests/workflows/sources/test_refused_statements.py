"""A statement of a family's own that Postgres refuses: told by the dry run, and the run fails at
once, since another try would be refused as well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Integer, cast, column, literal, literal_column, table
from sqlalchemy.exc import CompileError, DBAPIError
from sqlmodel import col, select

from app.store.tables.runs import Run
from app.workflows.contract.exceptions import (
    FamilyFailed,
    Fatal,
    Ruling,
    StatementRefused,
    Systemic,
    disposition,
)
from app.workflows.failures.refused_statement import LONGEST_STATEMENT, refused_statement
from app.workflows.family import Context, FamilyParams
from app.workflows.registry.family_call import told
from tests.support.control import kinds
from tests.support.families import Recording
from tests.support.http import api, assert_problem
from tests.support.service import Opener
from tests.support.users import User

ID = col(User.id)
BYTES, POSIX = ID.collate("C"), ID.collate("POSIX")
REFUSED: dict[str, tuple[Any, str, str]] = {
    "a word that is none": (
        select(ID).where(literal_column("id id id")), "42601", 'syntax error at or near "id".'
    ),
    "no such column": (
        select(ID).where(column("colour") == "red"), "42703", 'column "colour" does not exist.'
    ),
    "no such table": (
        select(table("otter", column("id")).c.id), "42P01", 'relation "otter" does not exist.'
    ),
    "no such collation": (
        select(ID).where(ID.collate("nowhere") > "a"), "42704", 'collation "nowhere" for encoding'
    ),
    "two collations": (select(ID).where(BYTES > POSIX), "42P21", "collation mismatch"),
    "two types": (
        select(ID).where(cast(7, Integer) == ID),
        "42883",
        "operator does not exist: integer = text. HINT: ",
    ),
    "a text that is no number": (
        select(ID).where(cast(ID, Integer) > 1), "22P02", "invalid input syntax for type integer:"
    ),
    "what the driver cannot send": (
        select(ID).where(literal("seven", Integer) > 1), "22000", "invalid input for query argument"
    ),
    "more than one": (
        select(ID).where(select(ID).scalar_subquery() == ID), "21000", "more than one row returned"
    ),
}  # fmt: skip


class Asking(Recording):
    statement: Any = None

    def eligible(self, params: FamilyParams) -> Any:  # as REFUSED has them
        return self.statement


def asking(statement: Any) -> Asking:
    family = Asking()
    family.statement = statement
    return family


@pytest.mark.parametrize("name", REFUSED)
async def test_it_is_told_by_the_dry_run_and_fails_the_run_at_once(
    opener: Opener, name: str
) -> None:
    statement, state, sentence = REFUSED[name]
    async with opener(asking(statement)) as sluice, api(sluice) as http:
        await sluice.add_users(3)
        path = "/api/workflows/recording/process-users"
        answer = await http.post(path, json={"dryRun": True})
        problem = assert_problem(answer, 422)
        begins = "Postgres refuses a statement of eligible() of recording: "
        assert problem["detail"].startswith(begins)
        assert sentence in problem["detail"]
        assert f"(SQLSTATE {state}) The statement: SELECT" in problem["detail"]
        async with sluice.worker():
            run = await sluice.ended(await sluice.start())
    assert (run.status, run.reason) == ("failed", "layer_failed")
    told_by_run = f"process gave up after 1 attempt: StatementRefused: {begins}"
    assert str(run.detail).startswith(told_by_run)
    assert sentence in str(run.detail)


@pytest.mark.parametrize("kind", ["json", "date", "char(9)"])
async def test_ids_that_are_none_are_told_by_their_type_and_not_by_what_a_page_ran_into(
    opener: Opener, kind: str
) -> None:
    """The pages are read beside the count: of the first, Postgres refuses to tell two apart, the
    driver gives what is no id, and nobody sees anything wrong."""
    ids = {"json": "json_build_array(id)", "date": "DATE '2025-11-22'", "char(9)": "id::char(9)"}
    statement: Any = select(literal_column(ids[kind]).label("id")).select_from(User)
    async with opener(asking(statement)) as sluice, api(sluice) as http:
        await sluice.add_users(3)
        path = "/api/workflows/recording/process-users"
        problem = assert_problem(await http.post(path, json={"dryRun": True}), 500)
        async with sluice.worker():
            run = await sluice.ended(await sluice.start())
    said = "fills up with blanks" if kind == "char(9)" else f"selects ids of the type {kind}."
    assert said in problem["detail"]
    assert said in str(run.detail)


async def test_between_over_ids_of_a_collation_is_none_of_them(opener: Opener) -> None:
    family = asking(select(ID).where(ID.between("u00002", "u00004"), ~ID.between("u00003", "u9")))
    async with opener(family) as sluice:
        await sluice.add_users(6)
        assert (await sluice.dry_run()).survey.sample == ("u00002",)
        async with sluice.worker():
            assert (await sluice.ended(await sluice.start())).succeeded == 1


async def test_on_a_later_page_it_fails_the_run_that_is_under_way(opener: Opener) -> None:
    class Second(Recording):
        page_size = 2

        async def existing(
            self, ids: Sequence[str], params: FamilyParams, ctx: Context
        ) -> set[str]:
            await super().existing(ids, params, ctx)
            async with ctx.session() as session:
                # The count has one look, the first page another.
                await session.exec(select(literal_column("1" if len(self.asked) < 3 else "colour")))
            return set()

    async with opener(Second()) as sluice:
        await sluice.add_users(6)
        async with sluice.worker():
            run_id = await sluice.start()
            run: Run = await sluice.ended(run_id)
        assert await kinds(sluice, run_id) == ["created", "begun", "ended:failed"]
    assert run.reason == "layer_failed"
    assert str(run.detail).startswith(
        "paginate gave up after 1 attempt: StatementRefused: Postgres refuses a statement of"
        ' existing() of recording: column "colour" does not exist. (SQLSTATE 42703)'
    )


def raised(error: Exception) -> DBAPIError:
    """As SQLAlchemy raises what a driver did."""
    return DBAPIError("SELECT  1\nFROM otter", None, error)


LASTING = (
    raised(asyncpg.UndefinedColumnError("no such column")),
    asyncpg.InsufficientPrivilegeError("permission denied for table otter"),
    raised(asyncpg.DivisionByZeroError("division by zero")),
    CompileError("no such dialect"),
)
PASSING = (
    raised(asyncpg.DuplicatePreparedStatementError("a pooler's")),
    raised(asyncpg.InvalidCachedStatementError("cached plan must not change result type")),
    raised(asyncpg.SerializationError("another was first")),
    raised(asyncpg.QueryCanceledError("statement timeout")),
    raised(asyncpg.TooManyConnectionsError("full")),
    raised(OSError("away")),
    ValueError("x"),
)


@pytest.mark.parametrize("error", LASTING)
async def test_what_lasts_is_told_whoever_raised_it_and_in_whatever_group(error: Exception) -> None:
    for one in (error, ExceptionGroup("both", [TimeoutError(), error])):
        with pytest.raises(StatementRefused) as refused, told("otters", "page()"):
            raise one
        assert refused.value.raised is one
        assert isinstance(refused.value, Fatal)
        assert disposition(refused.value).ruling is Ruling.FAIL


@pytest.mark.parametrize("error", PASSING)
def test_what_may_pass_is_none_of_it(error: Exception) -> None:
    assert refused_statement(error) is None


def test_a_long_statement_is_cut_and_stands_on_one_line() -> None:
    assert refused_statement(LASTING[0]) == (
        "no such column. (SQLSTATE 42703) The statement: SELECT 1 FROM otter"
    )
    long = DBAPIError("SELECT x" * 500, None, asyncpg.UndefinedColumnError("no"))
    assert len(refused_statement(long) or "") < LONGEST_STATEMENT + 60


async def test_what_its_author_says_of_it_goes_before() -> None:
    for spoken in (Fatal("no"), Systemic("the key is refused")):
        with pytest.raises(FamilyFailed, match=str(spoken)) as failed, told("otters", "page()"):
            raise ExceptionGroup("", [spoken, *LASTING])
        assert not isinstance(failed.value, StatementRefused)
