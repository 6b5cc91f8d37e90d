"""Ids from a column of a CSV file."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from pydantic import BaseModel, ConfigDict, ValidationError

from app.errors import BadInput
from app.workflows.contract.parts.page import Page
from app.workflows.keys import id_fault
from app.workflows.sources.csv_rows import CsvRows
from app.workflows.sources.distinct_ids import DistinctIds
from app.workflows.sources.errors import SourceBroken, SourceUnavailable

HEAD = 65_536
"""Bytes whose digest tells one file from another."""
AT_ONCE = 1_000
"""Ids that a count takes in hand."""


class _Place(BaseModel):
    """Behind which row a page ended, and in which file."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    offset: int
    line: int
    cells: int
    column: int
    file: str


@dataclass(frozen=True, slots=True)
class CsvSource:
    """A file with a header, in UTF-8, however large: a page reads its own rows only.

    The methods block, so a family calls them from a plain ``def``. Every worker must see the same
    file, with the same time of its last change. Its ids are taken in the file's order; one that
    stands twice is counted twice and executed once.

    Args:
        column: the header of the ids.
        needs: other columns that must be there.
    """

    path: Path
    column: str = "id"
    needs: Sequence[str] = ()

    def page(self, cursor: str | None, size: int) -> Page:
        """
        Raises:
            SourceBroken: the file is not such a file, with the line; or it is another one than
                when the run began to read it.
            SourceUnavailable: it cannot be read just now.
        """
        with self._open() as (file, identity):
            rows, place = self._begin(file, identity, cursor)
            ids = [self._id(line, cells, place) for line, cells in islice(rows, size)]
            # At the end of the file; behind it there may be blank lines, which make an empty page.
            if rows.offset >= os.fstat(file.fileno()).st_size:
                return Page(ids, None)
            behind = place.model_copy(update={"offset": rows.offset, "line": rows.line})
            return Page(ids, behind.model_dump_json())

    def count(self) -> int:
        """How many ids there are, each once: reads the whole file, a line at a time.

        Raises:
            SourceBroken, SourceUnavailable: as ``page``, wherever in the file it is.
        """
        with self._open() as (file, identity):
            rows, place = self._begin(file, identity, None)
            ids = (self._id(line, cells, place) for line, cells in rows)
            known, number = DistinctIds(), 0
            while part := list(islice(ids, AT_ONCE)):
                number += len(known.fresh(part))
            return number

    @contextmanager
    def _open(self) -> Iterator[tuple[BinaryIO, str]]:
        """The file at its start, and what tells it from another."""
        try:
            with self.path.open("rb") as file:
                status = os.fstat(file.fileno())
                head = hashlib.sha256(file.read(HEAD)).hexdigest()
                file.seek(0)
                yield file, f"{status.st_size}-{status.st_mtime_ns}-{head[:16]}"
        except OSError as error:
            raise SourceUnavailable(
                f"{self.path.name} cannot be read: {error.strerror}."
            ) from error
        except BadInput as error:
            if isinstance(error, SourceBroken):
                raise
            raise SourceBroken(error.detail, field=error.field) from error

    def _begin(self, file: BinaryIO, identity: str, cursor: str | None) -> tuple[CsvRows, _Place]:
        if cursor is not None:
            place = self._place(cursor)
            if place.file != identity:
                raise SourceBroken(
                    f"{self.path.name} has changed since the run began to read it, at line"
                    f" {place.line}. Cancel the run, and start another over the file as it is."
                )
            file.seek(place.offset)
            return CsvRows(self.path.name, file, offset=place.offset, line=place.line), place
        rows = CsvRows(self.path.name, file)
        header = self._header(rows)
        return rows, _Place(
            offset=0, line=1, cells=len(header), column=header.index(self.column), file=identity
        )

    def _header(self, rows: CsvRows) -> Sequence[str]:
        first = next(iter(rows), None)
        needed = (self.column, *self.needs)
        if first is None:
            raise SourceBroken(
                f"{self.path.name} is empty; it needs a header with {', '.join(needed)}."
            )
        header = [cell.strip() for cell in first[1]]
        lacks = [name for name in needed if header.count(name) != 1]
        if lacks:
            raise SourceBroken(
                f"{self.path.name}: the header must have {', '.join(lacks)} once; it is"
                f" {', '.join(header)[:200]}."
            )
        return header

    def _id(self, line: int, cells: Sequence[str], place: _Place) -> str:
        where = f"{self.path.name} line {line}"
        if len(cells) != place.cells:
            raise SourceBroken(
                f"{where}: it has {len(cells)} cells, and the header has {place.cells}."
            )
        item_id = cells[place.column].strip()
        fault = id_fault(item_id)
        if fault is not None:
            raise SourceBroken(f"{where}: {self.column}: an id {fault}.")
        return item_id

    def _place(self, cursor: str) -> _Place:
        try:
            return _Place.model_validate_json(cursor)
        except ValidationError:
            raise SourceBroken(f"{cursor[:80]!r} is no cursor of {self.path.name}.") from None
