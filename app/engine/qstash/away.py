"""Why QStash took nothing, in a sentence for whoever operates the service."""

from __future__ import annotations

import re

_STATUS = re.compile(r"Request failed with status: (\d{3})")
WAITS = "Messages wait in the outbox, and are sent when it takes them."


def sentence(error: BaseException) -> str:
    """
    Args:
        error: as the official client raises it.
    """
    # By its name: to import the client takes long, and others need none of it.
    if type(error).__name__ == "DailyMessageLimitExceededError":
        return f"QStash takes no more messages today: its plan's limit is used up. {WAITS}"
    found = _STATUS.match(str(error))
    status = "" if found is None else found[1]
    if status in ("401", "403"):
        return f"QStash refuses QSTASH_TOKEN. Compare it with QStash's console. {WAITS}"
    if status.startswith("4"):
        return f"QStash refuses what it is sent, with status {status}. {WAITS}"
    return f"QStash does not answer just now. {WAITS}"
