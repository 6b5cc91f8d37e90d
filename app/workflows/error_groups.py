"""One group for errors that say the same of different items."""

from __future__ import annotations

import hashlib
import re

LONGEST = 200
"""Characters of a group's message."""

# Numbers, ids, addresses and whatever else holds a digit; and what stands in quotes.
_DIFFERS = re.compile(r"""[\w.@-]*\d[\w.@:-]*|'[^'\n]{1,200}'|"[^"\n]{1,200}\"""")


def group_of(message: str, item_id: str) -> str:
    """The message with what differs from item to item blanked."""
    blanked = _DIFFERS.sub("…", message[: 4 * LONGEST].replace(item_id, "…"))
    return blanked if len(blanked) <= LONGEST else blanked[: LONGEST - 1] + "…"


def group_id(error_class: str, group: str) -> str:
    """A short name for a group, to ask for it by."""
    return hashlib.sha256(f"{error_class}\0{group}".encode()).hexdigest()[:12]
