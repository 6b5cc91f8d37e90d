"""Every id that means something, built in one place.

    run_01JD…                      a run: sorts by time (ULID)
    wrk_01JD…                      a worker, from its start to its end (ULID)
    adhoc_01JD…                    an item whose entity the caller of its run handed over
    sch_01JD…                      a schedule that an operator made
    family:invoice-reminder        the schedule that a family declares
    invoice-reminder.execute       a flow key
    invoice-reminder.embed         one of a batched method
    process:run_…                  the message that starts a run
    page:run_…                     that pages are due, from where the run stands
    chunk:run_…:5f0c…              the execution of several items, by a hash of their ids
    item:run_…:u1                  the execution of one item

A message's id is the same however often it is published, so one that waits is not doubled. Item ids
may hold any character, so they always stand last.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from uuid import UUID

from ulid import ULID

MAX_ITEM_ID = 200
"""Characters. Message ids stand in a b-tree index, whose entries end at some 2,700 bytes."""
MAX_NAME = 60
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")

CONTROLS = r"[\u0001-\u001f\u007f-\u009f\u2028\u2029]"
"""Line breaks and control characters, as a regular expression of Python and of Postgres."""

_NOT_IN_AN_ID = re.compile(rf"{CONTROLS}|[\0\ud800-\udfff]")
"""And what Postgres does not store: NUL, and halves of characters."""


def all_fit(item_ids: Sequence[str]) -> bool:
    """Whether ``id_fault`` finds nothing wrong with any: of many ids, in a third of the time."""
    if not item_ids:
        return True
    lengths = set(map(len, item_ids))
    return (
        min(lengths) > 0
        and max(lengths) <= MAX_ITEM_ID
        and not _NOT_IN_AN_ID.search("".join(item_ids))
    )


def id_fault(item_id: str) -> str | None:
    """Why this cannot be an item's id, behind a word for it; None: it can."""
    if 0 < len(item_id) <= MAX_ITEM_ID and not _NOT_IN_AN_ID.search(item_id):
        return None
    return (
        f"has 1 to {MAX_ITEM_ID} characters, and no line break or control character;"
        f" {item_id[:40]!r} does not"
    )


def name_fault(name: str, example: str) -> str | None:
    """Why an operator cannot call something of theirs so, behind a word for it; None: they can."""
    if len(name) <= MAX_NAME and _NAME.fullmatch(name):
        return None
    return (
        f"must be kebab-case and at most {MAX_NAME} characters, such as {example}, not"
        f" {name[:MAX_NAME]!r}."
    )


class Layer(StrEnum):
    PROCESS = "process"
    PAGINATE = "paginate"
    EXECUTE = "execute"


def new_id(prefix: str) -> str:
    """``prefix_`` and a ULID: 26 characters that sort by the millisecond they were made in."""
    return f"{prefix}_{ULID()}"


def new_worker() -> UUID:
    """By which the engine knows a worker; ``worker_id`` is how people do."""
    return ULID().to_uuid()


def worker_id(identity: UUID) -> str:
    return f"wrk_{ULID.from_uuid(identity)}"


def handed_over(run_id: str) -> str:
    """The id of the item for which the run's caller handed an entity over: no row has it."""
    return f"adhoc_{run_id.removeprefix('run_')}"


def family_schedule(family: str) -> str:
    """Also its name: no operator can give it to another one."""
    return f"family:{family}"


def flow_key(family: str, layer: Layer) -> str:
    return f"{family}.{layer}"


def method_key(family: str, method: str) -> str:
    """The flow key of a batched method."""
    return f"{family}.{method}"


def values_key(values: Mapping[str, object]) -> str:
    """The same for the same values of JSON, in whatever order."""
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def parse_flow_key(key: str) -> tuple[str, Layer]:
    """
    Raises:
        ValueError: ``key`` was not built by ``flow_key``.
    """
    family, dot, layer = key.rpartition(".")
    if not dot or not family:
        raise ValueError(f"{key!r} is not a flow key: it has the form family.layer")
    return family, Layer(layer)


def process_message(run_id: str) -> str:
    return f"process:{run_id}"


def page_message(run_id: str) -> str:
    return f"page:{run_id}"


def chunk_prefix(run_id: str) -> str:
    """With which the ids of all chunks of a run begin."""
    return f"chunk:{run_id}:"


def chunk_message(run_id: str, item_ids: Sequence[str]) -> str:
    named = hashlib.blake2b("\0".join(item_ids).encode(), digest_size=12)
    return f"{chunk_prefix(run_id)}{named.hexdigest()}"


def item_prefix(run_id: str) -> str:
    """With which the ids of all executions of one item of a run begin."""
    return f"item:{run_id}:"


def item_message(run_id: str, item_id: str) -> str:
    return f"{item_prefix(run_id)}{item_id}"
