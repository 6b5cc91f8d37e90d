"""Sources of ids beside SQL, for a family's ``page`` to use: a JSON API, a CSV file."""

from __future__ import annotations

from app.workflows.sources.csv_source import CsvSource
from app.workflows.sources.errors import SourceBroken, SourceBusy, SourceUnavailable
from app.workflows.sources.http_source import HttpSource, LinkHeader, NextCursor, Offset

__all__ = [
    "CsvSource",
    "HttpSource",
    "LinkHeader",
    "NextCursor",
    "Offset",
    "SourceBroken",
    "SourceBusy",
    "SourceUnavailable",
]
