"""What somebody wants a new family to be, as they say it or as they are asked for it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from app.errors import BadInput, SluiceError
from scaffold.names import check_entity, check_name, in_many

SOURCES = {
    "sql": "a SELECT over this service's own database",
    "http": "an API that lists ids page by page",
    "csv": "a file beside the family",
    "ids": "a list in the family itself",
}
RESULTS = {
    "table": "a table of its own, with its migration",
    "redis": "a key of Redis",
    "none": "nowhere but on the item's row",
}
IDS = {
    "text": "text, such as inv_2041",
    "int": "whole numbers",
    "uuid": "UUIDs",
}
TABLE = "table"
IDS_OF_TABLE = "as the table of the entity has them, or text where it is a new one"
YES_OR_NO = {"yes": "execute is remembered step by step", "no": "execute is one piece"}


@dataclass(frozen=True, slots=True)
class Order:
    name: str
    entity: str
    plural: str
    source: str
    result: str
    steps: bool
    id: str = ""
    """"": as the entity's table has it, or else text."""


def as_told(root: Path, told: Sequence[str]) -> Order:
    """From ``name=… entity=…``; what is left out is as in ``make help``.

    Raises:
        BadInput: a word is not known, or cannot be what it says.
    """
    known = ("name", "entity", "plural", "source", "result", "steps", "id")
    words = dict(word.partition("=")[::2] for word in told)
    if unknown := sorted(set(words) - set(known)):
        raise BadInput(f"There is no {unknown[0]!r} here. Known are: {', '.join(known)}.")
    if missing := [key for key in ("name", "entity") if not words.get(key)]:
        raise BadInput(
            f"{missing[0]}= is missing, as in: make family name=invoice-reminder entity=invoice"
        )
    return _order(root, words)


def as_asked(root: Path, ask: Callable[[str, str], str]) -> Order:
    """From a person: ``ask(question, default)`` answers what they typed. What cannot be is said,
    and asked again."""
    words: dict[str, str] = {}

    def until_right(
        key: str, question: str, check: Callable[[str], str], default: str = ""
    ) -> None:
        while key not in words:
            try:
                words[key] = check(ask(question, default).strip())
            except SluiceError as error:
                sys.stdout.write(f"  {error.detail}\n")

    until_right("name", "Name of the family, such as invoice-reminder", partial(check_name, root))
    until_right("entity", "For every …, such as invoice", check_entity)
    until_right("plural", "In many", check_entity, in_many(words["entity"]))

    def choose(key: str, question: str, choices: Mapping[str, str], default: str) -> None:
        lines = "".join(f"\n  {word:6} {what}" for word, what in choices.items())
        until_right(key, f"{question}{lines}\n", partial(_among, key, choices), default)

    choose("source", "Where do the ids come from?", SOURCES, "sql")
    if words["source"] == "sql":
        choose("id", "What are the ids?", {TABLE: IDS_OF_TABLE, **IDS}, TABLE)
    else:
        choose("id", "What are the ids?", IDS, "text")
    choose("result", "Where is the result kept?", RESULTS, "table")
    choose("steps", "Is there more than one step?", YES_OR_NO, "no")
    if words["id"] == TABLE:
        del words["id"]
    return _order(root, words)


def _order(root: Path, words: Mapping[str, str]) -> Order:
    entity = check_entity(words["entity"])
    plural = check_entity(words.get("plural") or in_many(entity))
    if plural == entity:
        raise BadInput(f"plural= must differ from {entity!r}: they make two routes.")
    return Order(
        name=check_name(root, words["name"]),
        entity=entity,
        plural=plural,
        source=_among("source", SOURCES, words.get("source") or "sql"),
        result=_among("result", RESULTS, words.get("result") or "table"),
        steps=_among("steps", YES_OR_NO, words.get("steps") or "no") == "yes",
        id=_among("id", IDS, words["id"]) if words.get("id") else "",
    )


def _among(key: str, choices: Mapping[str, str], word: str) -> str:
    if word not in choices:
        raise BadInput(f"{key} is one of {', '.join(choices)}, not {word!r}.")
    return word
