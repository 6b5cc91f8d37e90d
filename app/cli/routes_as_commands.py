"""The service's sentences name routes; who reads them on the command line has commands instead."""

from __future__ import annotations

import re

_PART = r"([^\s/?]*[^\s/?.,;:)'\"`])"
"""An id in a path, without the end of the sentence behind it."""
COMMANDS = {
    "GET /api/families": "families",
    "GET /api/runs": "runs",
    "GET /api/runs/{}": "watch {}",
    "GET /api/runs/{}/items": "items {}",
    "GET /api/runs/{}/failures": "failures {}",
    "POST /api/runs/{}/finish": "finish {}",
    "GET /api/backfills": "backfills",
    "GET /api/schedules": "schedule list",
    "GET /api/notifications": "notify list",
    "GET /api/notifications/{}/deliveries": "notify deliveries {}",
    "GET /api/flow-control": "flow",
    "POST /api/item-lists": "run --items-from FILE",
}
"""By route: the command that does the same. What a sentence names is to be in here."""
_PATTERNS = [
    (re.compile(rf"{re.escape(route).replace(re.escape('{}'), _PART)}(?![\w/?-])"), command)
    for route, command in COMMANDS.items()
]


def with_commands(sentence: str, program: str) -> str:
    """The sentence, with commands in place of the routes that it names.

    Args:
        program: what the reader types before a command.
    """
    for pattern, command in _PATTERNS:

        def named(found: re.Match[str], command: str = command) -> str:
            return f"`{program} {command.format(*found.groups())}`"

        sentence = pattern.sub(named, sentence)
    return sentence
