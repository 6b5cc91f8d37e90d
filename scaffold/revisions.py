"""The id of the next migration of the service's own tables."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from app.errors import BadInput
from app.migrate import scripts_of
from app.store.histories import SERVICE, revision_id


@dataclass(frozen=True, slots=True)
class Revision:
    """``follows``: empty where it is the first."""

    id: str
    follows: str


def next_revision(root: Path, about: str) -> Revision:
    """Behind the one that no other follows.

    Raises:
        BadInput: two migrations follow the same one.
    """
    history = replace(SERVICE, folder=root / "alembic" / SERVICE.name)
    heads = scripts_of(history).get_heads()
    if len(heads) > 1:
        raise BadInput(
            f"Several migrations are the last one: {', '.join(sorted(heads))}."
            " Let one of them follow the other, and try again."
        )
    return Revision(revision_id(about, datetime.now(UTC).date()), "".join(heads))
