"""``--items-from``, and others: ids line by line, from a file or from standard input."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pydantic import JsonValue

from app.cli.api_client import ApiClient
from app.errors import BadInput
from app.schemas.items import ListAnswer
from app.workflows.keys import MAX_ITEM_ID, id_fault

LONGEST_LINE = 8 * MAX_ITEM_ID
"""Bytes: an id, and room for spaces around it."""
AT_ONCE = 1_000
"""As many as one call may name; more go into a list first."""
PATH = "/api/item-lists"


def chosen(api: ApiClient, place: str) -> dict[str, JsonValue]:
    """What the body of a start says of the ids of ``place``, ``-`` for standard input. However many
    they are, a thousand at a time are in memory.

    Raises:
        BadInput: it cannot be read, has no id, or has a line that is none; with its number.
    """
    parts = parts_of(place, "--items-from")
    part, following = next(parts), next(parts, None)
    if following is None:
        return {"itemIds": list[JsonValue](part)}
    made = api.post(ListAnswer, PATH, {"itemIds": list[JsonValue](part)}).found
    while following is not None:
        api.post(ListAnswer, f"{PATH}/{made.list_id}", {"itemIds": list[JsonValue](following)})
        following = next(parts, None)
    return {"itemList": made.list_id}


def parts_of(place: str, option: str) -> Iterator[list[str]]:
    """The ids of ``place``, as many at a time as one call may name.

    Args:
        option: which names it, for what is refused.

    Raises:
        BadInput: as ``chosen``.
    """
    if place == "-":
        yield from _parts(sys.stdin.buffer, "standard input", option)
        return
    try:
        with Path(place).open("rb") as file:
            yield from _parts(file, place, option)
    except OSError as error:
        raise BadInput(f"{option}: {place} cannot be read: {error.strerror}.") from None


def _parts(file: BinaryIO, name: str, option: str) -> Iterator[list[str]]:
    ids = read_ids(file, name, option)
    part = list(itertools.islice(ids, AT_ONCE))
    if not part:
        raise BadInput(f"{option}: {name} holds no id.")
    while part:
        yield part
        part = list(itertools.islice(ids, AT_ONCE))


def read_ids(file: BinaryIO, name: str, option: str) -> Iterator[str]:
    """An id a line, without the spaces around it; blank lines are passed over."""
    number = 0
    while line := file.readline(LONGEST_LINE):
        number += 1
        where = f"{option}: {name} line {number}"
        try:
            item_id = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        except UnicodeDecodeError:
            raise BadInput(f"{where}: it is not UTF-8.") from None
        fault = id_fault(item_id if len(line) < LONGEST_LINE else line.decode(errors="replace"))
        if item_id and fault is not None:
            raise BadInput(f"{where}: an id {fault}.")
        if item_id:
            yield item_id
