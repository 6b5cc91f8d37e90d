"""In which Postgres schema Sluice's own tables are.

Every statement calls it ``sluice``: ``sluice.run``, ``'sluice.watchdog'`` as the name of a lock,
``sluice.queue`` as a channel. Where ``SLUICE_SCHEMA`` says otherwise, that name is put in its place
on the way to the driver, so two services share a database and neither wakes nor locks the other.
"""

from __future__ import annotations

import re
from functools import lru_cache

SCHEMA = "sluice"
OPTION = "sluice_schema"
"""The execution option of an engine whose schema has another name."""

_MENTION = re.compile(rf"(?<![\w./@-]){SCHEMA}\.(?=\w)")


@lru_cache(maxsize=2_048)
def in_schema(text: str, schema: str) -> str:
    """A statement, or the name of a channel, as it is said where the schema has this name."""
    return text if schema == SCHEMA else _MENTION.sub(f"{schema}.", text)
