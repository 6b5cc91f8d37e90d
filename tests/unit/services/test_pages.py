"""A provider's list is read back to the moment that is asked for, and no row is taken for old that
does not say when it was made."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.services.batches.pages import CLOCKS, pages_since
from app.services.batches.remote_batch import ListPage, RemoteFile

SINCE = datetime(2026, 1, 10, tzinfo=UTC)
NEW, OLD = int(SINCE.timestamp()), int((SINCE - 2 * CLOCKS).timestamp())


async def _read(rows: list[dict[str, object]]) -> list[str]:
    """The ids that are read, of a list with a row a page."""

    async def ask(after: str | None) -> ListPage[RemoteFile]:
        at = 0 if after is None else [row["id"] for row in rows].index(after) + 1
        page = {"data": rows[at : at + 1], "has_more": at + 1 < len(rows)}
        return ListPage[RemoteFile].model_validate(page)

    return [file.id async for page in pages_since(SINCE, ask) for file in page or ()]


@pytest.mark.parametrize("unsaid", [{}, {"created_at": None}, {"created_at": 0}])
async def test_a_row_without_its_moment_ends_no_look(unsaid: dict[str, object]) -> None:
    rows: list[dict[str, object]] = [
        {"id": "a", "created_at": NEW},
        {"id": "b", **unsaid},
        {"id": "c", "created_at": NEW},
        {"id": "d", "created_at": OLD},
        {"id": "e", "created_at": OLD},
    ]
    assert await _read(rows) == ["a", "b", "c", "d"]
