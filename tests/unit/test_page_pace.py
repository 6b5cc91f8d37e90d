"""How many pages a delivery reads together."""

from __future__ import annotations

from app.workflows.layers.paginate import PAGES_A_DELIVERY, SLOW, TOGETHER, PagePace

QUICK = SLOW / 10


def taken(pace: PagePace, seconds: float = QUICK, *, single: bool = False) -> int:
    number = pace.take(single=single)
    pace.took(seconds)
    return number


def test_quick_pages_go_together_twice_as_many_each_time_and_no_more_than_a_delivery_has() -> None:
    pace = PagePace(50)
    assert [taken(pace) for _ in range(4)] == [1, 2, 4, 8]
    assert taken(pace) == PAGES_A_DELIVERY - 15
    assert pace.left == 0


def test_no_more_ids_go_together_than_one_transaction_takes() -> None:
    assert [taken(PagePace(TOGETHER)), taken(PagePace(TOGETHER * 2))] == [1, 1]
    pace = PagePace(TOGETHER // 2)
    assert [taken(pace) for _ in range(4)] == [1, 2, 2, 2]


def test_pages_that_take_long_go_one_by_one_because_their_items_wait() -> None:
    pace = PagePace(50)
    assert [taken(pace), taken(pace, 2 * SLOW), taken(pace), taken(pace)] == [1, 2, 1, 2]


def test_pages_that_are_counted_go_one_by_one() -> None:
    pace = PagePace(50)
    assert [taken(pace, single=True) for _ in range(4)] == [1, 1, 1, 1]


def test_no_more_is_read_than_there_is_room_for_but_a_page_at_least() -> None:
    pace = PagePace(50)
    assert [taken(pace), taken(pace)] == [1, 2]
    pace.room = 130
    assert taken(pace) == 2
    pace.room = 10
    assert taken(pace) == 1
