"""One group for errors that say the same of different items."""

from __future__ import annotations

import hashlib
import re

LONGEST = 200
"""Characters of a group's message."""

# Numbers, ids, addresses and whatever else holds a digit, without the punctuation behind; and what
# stands in quotes.
_DIFFERS = re.compile(r"""[\w.@-]*\d(?:[\w.@:-]*\w)?|'[^'\n]{1,200}'|"[^"\n]{1,200}\"""")


def fingerprint(message: str, item_id: str) -> str:
    """The message with what differs from item to item blanked."""
    text = message[: 4 * LONGEST]
    # An id with a digit goes with whatever it is a part of, as any number does: to blank the "1"
    # of another number first would leave a group for each item.
    if not _DIFFERS.fullmatch(item_id):
        text = _standing_alone(item_id).sub("…", text)
    blanked = _DIFFERS.sub("…", text)
    return blanked if len(blanked) <= LONGEST else blanked[: LONGEST - 1] + "…"


def _standing_alone(item_id: str) -> re.Pattern[str]:
    """The id as a word of its own: a short one is a part of other words as well."""
    before = r"(?<!\w)" if re.match(r"\w", item_id) else ""
    behind = r"(?!\w)" if re.search(r"\w\Z", item_id) else ""
    return re.compile(f"{before}{re.escape(item_id)}{behind}")


def group_id(error_class: str, group: str) -> str:
    """A short name for a group, to ask for it by."""
    return hashlib.sha256(f"{error_class}\0{group}".encode()).hexdigest()[:12]
