"""Files of a run's items, printed as they come."""

from __future__ import annotations

import json
import sys
from typing import BinaryIO

from app.cli.api_client import ApiClient
from app.errors import BadInput, Unavailable

CUT_OFF = "The service broke off: what is printed is not all of it. Try again."


def file_of(name: str, *, as_json: bool, as_csv: bool, as_ndjson: bool) -> str | None:
    """What the API calls such a file; None: none was asked for."""
    if as_json + as_csv + as_ndjson > 1:
        raise BadInput("Choose one of --json, --csv and --ndjson.")
    return f"{name}.csv" if as_csv else f"{name}.ndjson" if as_ndjson else None


def print_file(
    api: ApiClient, path: str, query: dict[str, str | None], out: BinaryIO | None = None
) -> None:
    """
    Args:
        out: standard output, unless it is told.

    Raises:
        Unavailable: the service did not answer, or not with all of it.
        CallRefused: it refused.
    """
    out = out or sys.stdout.buffer
    held = b""
    with api.download(path, **query) as parts:
        for part in parts:
            if not path.endswith(".ndjson"):
                out.write(part)
                continue
            # The last line, which says that it is the last one, is for us.
            *lines, held = (held + part).splitlines(keepends=True)
            if held.endswith(b"\n") and not _is_last(held):
                lines, held = [*lines, held], b""
            out.writelines(lines)
    out.flush()
    if path.endswith(".ndjson") and not _is_last(held):
        raise Unavailable(CUT_OFF)


def _is_last(line: bytes) -> bool:
    if not (line.startswith(b'{"complete": ') and line.endswith(b"\n")):
        return False
    return set(json.loads(line)) == {"complete", "rows"}
