"""``sluice coverage`` and its options."""

from __future__ import annotations

from app.cli.options import FamilyName, Json, Param


def coverage(family: FamilyName, *, param: Param = None, as_json: Json = False) -> None:
    """Show how many of a family's eligible have a result, now and over the last 90 days."""
    from app.cli.commands.covering import show_coverage  # noqa: PLC0415 - lazily: see commands

    show_coverage(family, tuple(param or ()), as_json=as_json)
