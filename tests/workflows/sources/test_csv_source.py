"""Ids from a CSV file: page by page, each row once, and not from a file that has changed."""

from __future__ import annotations

import csv
import io
import os
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.workflows.family import Context, FamilyParams, Page
from app.workflows.sources import CsvSource, SourceBroken, SourceUnavailable
from tests.support.control import kinds
from tests.support.families import Recording
from tests.support.http import api, assert_problem
from tests.support.service import Opener

few = settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ids = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=9)
cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=9)


def write(path: Path, text: str | bytes) -> CsvSource:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return CsvSource(path)


def read(source: CsvSource, size: int) -> list[str]:
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = source.page(cursor, size)
        assert len(page.ids) <= size
        assert page == source.page(cursor, size)  # a page read twice is the same
        found += page.ids
        if page.next_cursor is None:
            return found
        assert page.ids or source.count() == len(set(found))
        cursor = page.next_cursor


@few
@given(
    rows=st.lists(st.tuples(cells, ids), max_size=30),
    size=st.integers(1, 9),
    mark=st.booleans(),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_whatever_the_cells_hold_all_ids_come_in_their_order(
    tmp_path: Path, rows: list[tuple[str, str]], size: int, mark: bool, end: str
) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=end).writerows([("note", "id"), *rows])
    encoded = text.getvalue().encode("utf-8-sig" if mark else "utf-8")
    source = write(tmp_path / "users.csv", encoded)
    assert read(source, size) == [item_id for _, item_id in rows]
    assert source.count() == len({item_id for _, item_id in rows})


def test_blank_lines_and_a_last_line_without_its_end_are_no_trouble(tmp_path: Path) -> None:
    source = write(tmp_path / "users.csv", "\nid,name\n\nu1,a\n\n\nu2,b")
    assert read(source, 1) == ["u1", "u2"]
    assert read(write(tmp_path / "other.csv", "id\nu1\n\n\n"), 1) == ["u1"]
    assert read(write(tmp_path / "none.csv", "id\n"), 1) == []


BROKEN = {
    "": "users.csv is empty; it needs a header with id.",
    "name\nx\n": "users.csv: the header must have id once; it is name.",
    "id,id\nx,y\n": "users.csv: the header must have id once; it is id, id.",
    "id,name\nu1,a\nu2\n": "users.csv line 3: it has 1 cells, and the header has 2.",
    'id,name\nu1,"a\nb\nc"\n,d\n': "users.csv line 5: id: an id has 1 to 200 characters",
    "id,name\nu1,a\n,\nu2,b\n": "users.csv line 3: id: an id has 1 to 200 characters",
    "id,name\nu1,a\n , \nu2,b\n": "users.csv line 3: id: an id has 1 to 200 characters",
    "id,name\nu1,a\nu2,b,c\n": "users.csv line 3: it has 3 cells, and the header has 2.",
    "\ufeffid,name\nu1,a\n,\n": "users.csv line 3: id: an id has 1 to 200 characters",
    "id\n" + "x" * 201 + "\n": "users.csv line 2: id: an id has 1 to 200 characters",
    'id\nu1\n"u2\n': "users.csv line 3: this is not CSV: unexpected end of data.",
    'id\nu1\n"u2"x\n': "users.csv line 3: this is not CSV",
    "id\nu1\n" + "x" * 70_000: "users.csv line 3: it is longer than 65,536 bytes.",
    'id\nu1\n"' + "x\n" * 100_000: "users.csv line 3: this is not CSV: field larger",
}


@pytest.mark.parametrize("text", BROKEN, ids=[str(n) for n in range(len(BROKEN))])
def test_what_is_wrong_is_said_with_its_line_however_the_file_is_paged(
    tmp_path: Path, text: str
) -> None:
    source = write(tmp_path / "users.csv", text)
    for size in (1, 50):
        with pytest.raises(SourceBroken) as refused:
            read(source, size)
        assert refused.value.detail.startswith(BROKEN[text])
    with pytest.raises(SourceBroken) as counted:
        source.count()
    assert counted.value.detail == refused.value.detail


def test_a_byte_that_is_no_utf_8_is_found_by_its_line(tmp_path: Path) -> None:
    source = write(tmp_path / "users.csv", b"id\nu1\nm\xfcller\n")
    with pytest.raises(SourceBroken, match="line 3: byte 2 is not UTF-8"):
        read(source, 1)


def test_a_file_that_changed_meanwhile_is_refused(
    tmp_path: Path, subtests: pytest.Subtests
) -> None:
    path = tmp_path / "users.csv"
    source = write(path, "id\nu1\nu2\nu3\n")
    behind = source.page(None, 1).next_cursor
    same = path.stat()
    for text in ("id\nu1\nu2\nu3\nu4\n", "id\nu1\nu3\nu2\n"):
        with subtests.test(text):
            path.write_text(text)
            os.utime(path, ns=(same.st_atime_ns, same.st_mtime_ns))
            with pytest.raises(SourceBroken, match=r"has changed .* at line 3"):
                source.page(behind, 1)
    path.write_text("id\nu1\nu2\nu3\n")
    with pytest.raises(SourceBroken, match="has changed"):
        source.page(behind, 1)  # what is behind its head may differ: its time tells
    os.utime(path, ns=(same.st_atime_ns, same.st_mtime_ns))
    assert source.page(behind, 1).ids == ["u2"]


def test_a_file_that_is_not_there_may_come(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable, match="cannot be read: No such file"):
        CsvSource(tmp_path / "users.csv").page(None, 1)


def test_a_cursor_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceBroken, match="is no cursor"):
        write(tmp_path / "users.csv", "id\n").page('"u1"', 1)


@pytest.mark.slow
def test_a_page_in_the_middle_of_a_large_file_costs_what_the_page_does(tmp_path: Path) -> None:
    source = write(tmp_path / "users.csv", "id\n" + "".join(f"u{n:09}\n" for n in range(300_000)))
    behind = source.page(None, 150_000).next_cursor
    tracemalloc.start()
    assert source.page(behind, 2).ids == ["u000150000", "u000150001"]
    assert source.count() == 300_000
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 500_000  # bytes, of a file of 3,300,000


class FromFile(Recording):
    """What a family over a file looks like: plain methods, because they block."""

    name = "from-file"
    users: ClassVar[CsvSource]

    def page(self, cursor: str | None, size: int, params: FamilyParams, ctx: Context) -> Page:
        return self.users.page(cursor, size)

    def count(self, params: FamilyParams, ctx: Context) -> int:
        return self.users.count()

    async def load(self, item_id: str, ctx: Context) -> str | None:
        return item_id


async def test_a_run_over_a_file_executes_each_id_once_also_one_that_stands_twice(
    opener: Opener, tmp_path: Path
) -> None:
    family = FromFile()
    names = [f"u{n}" for n in range(180)]
    FromFile.users = write(tmp_path / "users.csv", "\n".join(["id", *names, "u7", "u179"]))
    async with opener(family) as sluice, sluice.worker():
        run = await sluice.ended(await sluice.start())
        assert (run.status, run.total_eligible, run.succeeded) == ("succeeded", 180, 180)
        assert family.executed == Counter(names)


async def test_a_dry_run_refuses_what_a_run_would_come_upon_later(
    opener: Opener, tmp_path: Path
) -> None:
    rows = [f"u{n},x" for n in range(180)]
    FromFile.users = write(tmp_path / "users.csv", "\n".join(["id,name", *rows, ",", "v,y"]))
    async with opener(FromFile()) as sluice, api(sluice) as caller:
        dry = await caller.post("/api/workflows/from-file/process-users", json={"dryRun": True})
        assert "users.csv line 182: id: an id has 1 to 200" in assert_problem(dry, 422)["detail"]
        async with sluice.worker():
            run = await sluice.ended(await sluice.start())
        assert (run.status, run.scheduled) == ("failed", 0)
        assert "retrying" not in await kinds(sluice, run.id)
        assert "users.csv line 182" in (run.detail or "")
