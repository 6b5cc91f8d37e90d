"""Errors that say the same of different items are one group, whatever the ids look like."""

from __future__ import annotations

import pytest

from app.workflows.failures.fingerprint import fingerprint


@pytest.mark.parametrize(
    ("message", "ids"),
    [
        ("HTTP 401 for order {} after 1.1 s", ["1", "2", "11", "401"]),
        ("The cart of {} is empty", ["e", "a", "is-none", "Ada"]),
        ("canada has no {}", ["ada", "can", "bob"]),
        ("GET http://host/users/{}: no such user", ["/a/b", "c d", "u00001", "7"]),
        ("{}: 1 of 3 tries", ["1", "2", "3", "de"]),
    ],
)
def test_the_same_failure_of_each_item_is_one_group_however_short_its_id_is(
    message: str, ids: list[str]
) -> None:
    assert len({fingerprint(message.format(item_id), item_id) for item_id in ids}) == 1


def test_a_short_id_blanks_no_part_of_another_word() -> None:
    assert fingerprint("The cart is empty", "e") == "The cart is empty"
    assert fingerprint("ada is not in canada", "ada") == "… is not in canada"
