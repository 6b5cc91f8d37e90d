"""The lifecycles of a run and of an item, and the kinds of events, from ``app.store.statuses``."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from app.store import statuses
from app.store.statuses import ITEM_TRANSITIONS, RUN_TRANSITIONS
from docs.generate.markdown import code, prose, table
from docs.generate.source import attributes

_FROM = re.compile(r"^ {8}(?:Run|Item)Status\.(\w+): frozenset")
_TO = re.compile(r"^ {16}(?:Run|Item)Status\.(\w+),(?:  # (.*))?$")


def lifecycles() -> str:
    return "".join(
        [
            f"## A run\n\n{_edges('RUN_TRANSITIONS', RUN_TRANSITIONS)}",
            f"## An item\n\n{_edges('ITEM_TRANSITIONS', ITEM_TRANSITIONS)}",
            *(
                f"## {name}\n\n{prose(inspect.getdoc(words) or '')}\n\n{_words(words)}"
                for name, words in _enums().items()
            ),
        ]
    )


def _edges(name: str, transitions: Mapping[Any, frozenset[Any]]) -> str:  # of either status
    """The table of the code with its comments. The values are those of run time: where the source
    is written in another form than it is now, this fails rather than leave an edge out."""
    source = inspect.getsource(statuses).split(f"\n{name}")[1].split("\n)\n")[0]
    rows: list[tuple[str, str, str]] = []
    present = ""
    for line in source.splitlines():
        if found := _FROM.match(line):
            present = found[1].lower()
        elif found := _TO.match(line):
            rows.append((present, found[2 - 1].lower(), found[2] or ""))
    there = {(str(one), str(after)) for one, many in transitions.items() for after in many}
    if {(one, after) for one, after, _ in rows} != there:
        raise ValueError(f"{name} is not written as one edge a line.")
    return table(
        ["from", "to", "when"], [[code(one), code(after), why] for one, after, why in rows]
    )


def _enums() -> dict[str, type[StrEnum]]:
    """Those that say more of their words than the words themselves."""
    there = {name: one for name, one in vars(statuses).items() if isinstance(one, type)}
    return {
        name: one
        for name, one in there.items()
        if issubclass(one, StrEnum) and one is not StrEnum and inspect.getdoc(one) != _PLAIN
    }


_PLAIN = inspect.getdoc(StrEnum)


def _words(words: type[StrEnum]) -> str:
    return table(["word", "meaning"], [[code(words[a.name]), a.text] for a in attributes(words)])
