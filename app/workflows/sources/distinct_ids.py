"""Which ids of a stream came before: exactly, and in bounded memory."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

MEMORY = 16_000
"""kB; what is more goes to a temporary file."""


class DistinctIds:
    """Remembers ids in a temporary SQLite database, which is gone with this object: a stream of
    millions must not be kept in memory. A thousand ids take some 1 to 5 ms."""

    def __init__(self) -> None:
        # Threads take turns with it: a plain method of a family may be called in any.
        self._known = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for line in (
            f"PRAGMA cache_size = -{MEMORY}",
            "PRAGMA journal_mode = OFF",
            "CREATE TABLE known (id TEXT PRIMARY KEY) WITHOUT ROWID",
            "BEGIN",  # never committed: a transaction for each statement takes twice as long
        ):
            self._known.execute(line)

    def fresh(self, ids: Sequence[str]) -> list[str]:
        """Those of the ids that did not come before, in order, each once."""
        added = self._known.execute(
            "INSERT OR IGNORE INTO known SELECT value FROM json_each(?) RETURNING id",
            (json.dumps(ids),),
        )
        new = {item_id for (item_id,) in added}
        return [item_id for item_id in dict.fromkeys(ids) if item_id in new]
