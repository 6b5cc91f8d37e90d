"""The number of the next migration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

from app.errors import BadInput


@dataclass(frozen=True, slots=True)
class Revision:
    number: str
    follows: str


def next_revision(root: Path) -> Revision:
    """Behind the one that no other follows.

    Raises:
        BadInput: two migrations follow the same one.
    """
    config = Config()
    config.set_main_option("script_location", str(root / "alembic"))
    scripts = ScriptDirectory.from_config(config)
    heads = scripts.get_heads()
    if len(heads) != 1:
        raise BadInput(
            f"Several migrations are the last one: {', '.join(sorted(heads))}."
            " Let one of them follow the other, and try again."
        )
    numbers = [int(made.revision) for made in scripts.walk_revisions() if made.revision.isdecimal()]
    return Revision(f"{max(numbers, default=0) + 1:04}", heads[0])
