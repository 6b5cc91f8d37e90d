"""Pages that never end are told from pages that do, whoever reads them."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from app.workflows.family import Page
from app.workflows.sources import SourceBroken
from app.workflows.sources.loop_detection import Course

cursors = st.text(max_size=20)


def go(pages: list[Page], *, most_same: int = 1_000) -> int:
    """How many pages are read, each by another worker, until one is the last."""
    position: str | None = None
    for number, page in enumerate(pages, 1):
        position = Course.read(position).behind(page, most_same=most_same).position()
        if position is None:
            return number
        assert Course.read(position).cursor == page.next_cursor
        assert len(position) < len(page.next_cursor or "") + 60
    raise AssertionError("The pages were at their end, and the course was not.")


@given(before=st.integers(0, 40), around=st.integers(1, 40), empty=st.booleans())
def test_a_circle_is_found_within_three_times_its_length_and_the_way_into_it(
    before: int, around: int, empty: bool
) -> None:
    assume(around > 1 or not empty)  # an empty page that leads to itself is an end
    most = 3 * (before + around) + 1
    names = [f"c{n if n < before else before + (n - before) % around}" for n in range(most)]
    with pytest.raises(SourceBroken, match="in a circle"):
        go([Page([] if empty else [f"id{name}"], name) for name in names])


@given(st.lists(cursors, unique=True, max_size=100))
def test_pages_that_end_are_read_to_their_end(names: list[str]) -> None:
    pages = [Page([f"id{n}"], name) for n, name in enumerate(names)]
    assert go([*pages, Page(["last"], None)]) == len(names) + 1


def test_an_empty_page_that_leads_to_itself_is_the_end() -> None:
    assert go([Page(["a"], "7"), Page([], "7")]) == 2


def test_a_page_that_holds_something_and_leads_to_itself_is_a_circle() -> None:
    with pytest.raises(SourceBroken, match=r"in a circle: .* the cursor '7'"):
        go([Page(["a"], "7"), Page(["b"], "7")])


@pytest.mark.parametrize("ids", [[], ["only"]])
def test_pages_without_anything_new_may_come_until_they_are_too_many(ids: list[str]) -> None:
    pages = [Page(ids, f"c{n}") for n in range(12)]
    assert go([*pages[:10], Page(["a"], None)], most_same=10) == 11
    with pytest.raises(SourceBroken, match="raise the family's `most_empty_pages`"):
        go(pages, most_same=10)


def test_a_source_that_does_not_go_by_the_cursor_is_told_at_its_fourth_page() -> None:
    pages = [Page(["a", "b"], str(2 * n)) for n in range(1, 9)]
    with pytest.raises(SourceBroken, match="the same 2 ids 4 times in a row"):
        go(pages[:4])


@given(cursors)
def test_a_cursor_from_before_there_was_a_course_is_read_as_it_is(cursor: str) -> None:
    assert Course.read(cursor).cursor == cursor
