"""Which name was meant, told only where it is near."""

from __future__ import annotations

import pytest

from app.errors import nearest

KNOWN = ["family", "status", "startedBy", "follows", "from", "note", "ID"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("statsu", ["status"]),
        ("state", ["status"]),
        ("started_by", ["startedBy"]),
        ("nota", ["note"]),
        ("form", ["from"]),
        ("id", ["ID"]),
        ("foo", []),
        ("fow", []),
        ("by", []),
        ("to", []),
        ("", []),
        ("x" * 5_000, []),
    ],
)
def test_a_name_is_taken_for_another_only_where_most_of_it_is_the_same(
    name: str, meant: list[str]
) -> None:
    assert nearest(name, KNOWN) == meant


def test_a_caller_may_have_several_and_ask_for_more_likeness() -> None:
    assert nearest("rns", ["run", "runs", "rows"], most=2) == ["runs"]
    assert nearest("Berlim", ["Berlin", "Merlin"], most=2) == ["Berlin"]
    assert nearest("IMAGE_URL", ["IMAGE_API_KEY"], nearness=0.8) == []
