"""Where in the API a run, an item of it and a backfill are."""

from __future__ import annotations

from urllib.parse import quote

from pydantic import JsonValue

from app.cli.output.console import printable
from app.errors import BadInput

BACKFILLS = "/api/backfills"


def backfill_path(backfill_id: str, action: str = "") -> str:
    """
    Raises:
        BadInput: no backfill has such an id.
    """
    if not backfill_id.replace("_", "").isalnum() or not backfill_id.isascii():
        raise BadInput("There is no such backfill. See: sluice backfills")
    return f"{BACKFILLS}/{backfill_id}/{action}".rstrip("/")


def run_path(run_id: str, action: str = "") -> str:
    """
    Raises:
        BadInput: no run has such an id.
    """
    if not run_id.replace("_", "").isalnum() or not run_id.isascii():
        raise BadInput(f"There is no run {printable(run_id)!r}. See: sluice runs")
    return f"/api/runs/{run_id}/{action}".rstrip("/")


def item_path(run_id: str, item_id: str, action: str = "") -> str:
    """The id in the query: in a path a dot or a slash would lead elsewhere.

    Raises:
        BadInput: no run has such an id.
    """
    return f"{run_path(run_id, f'item/{action}')}?id={quote(item_id, safe='')}"


def noted(note: str | None) -> dict[str, JsonValue]:
    """The body of a call that takes nothing but a reason."""
    return {} if note is None else {"note": note}


def noted_path(path: str, note: str | None) -> str:
    """Of a DELETE, which takes the reason in its query."""
    return path if note is None else f"{path}?note={quote(note, safe='')}"
