"""An option that is a JSON object, as one types it, or of a file or of standard input."""

from __future__ import annotations

import sys
from pathlib import Path

from pydantic import JsonValue

from app import exact_json
from app.errors import BadInput

MOST_BYTES = 1_000_000
"""More than any service takes; of a file that was named by mistake no more is read."""


def parse_object(given: str, option: str) -> dict[str, JsonValue]:
    """
    Args:
        given: the object; ``@`` and a file that holds it; ``@-``: standard input does.
        option: its name, such as ``--entity``.

    Raises:
        BadInput: it cannot be read, or is none.
    """
    where = option
    if given.startswith("@"):
        given, where = _read(given.removeprefix("@"), option)
    try:
        found = exact_json.loads(given)
    except ValueError as error:
        raise BadInput(f"{where}: it is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise BadInput(f'{where}: it must be a JSON object, such as {{"title": "A harbour"}}.')
    return found


def _read(place: str, option: str) -> tuple[str, str]:
    """The text, and what to call it."""
    name = "standard input" if place == "-" else place
    try:
        if place == "-":
            data = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with Path(place).open("rb") as file:
                data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadInput(f"{option}: {name} cannot be read: {error.strerror}.") from None
    if len(data) > MOST_BYTES:
        raise BadInput(f"{option}: {name} holds more than {MOST_BYTES:,} bytes.")
    try:
        return data.decode("utf-8-sig"), f"{option}: {name}"
    except UnicodeDecodeError:
        raise BadInput(f"{option}: {name} is not UTF-8.") from None
