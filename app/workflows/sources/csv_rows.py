"""Rows of a CSV file (RFC 4180, UTF-8), read a line at a time, with where each of them begins."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from app.errors import BadInput, full_stop

MAX_LINE_BYTES = 65_536


class CsvRows:
    """Iterates over the line on which a row starts, and its cells; blank lines are passed over.

    Args:
        name: of the file, for the sentences of errors.
        offset, line: where ``file`` stands, if not at its start: behind a row, never in one.

    Raises BadInput at the first thing that is wrong, with its line.
    """

    def __init__(self, name: str, file: BinaryIO, *, offset: int = 0, line: int = 1) -> None:
        self._name = name
        self._file = file
        self.offset = offset
        """Bytes up to the end of the last row that was read."""
        self.line = line
        """On which the next row starts."""
        self._number = line - 1

    def __iter__(self) -> Iterator[tuple[int, Sequence[str]]]:
        # The reader takes one line after the other, and none before it needs it. A quoted cell may
        # hold line breaks, so that rows cannot be counted to find the line; one that is never
        # closed ends at the reader's bound of 131,072 characters a cell.
        reader = csv.reader(self._lines(), strict=True)
        try:
            for cells in reader:
                line, self.line = self.line, self._number + 1
                if cells:
                    yield line, cells
        except csv.Error as error:
            raise BadInput(
                f"{self._name} line {self.line}: this is not CSV: {full_stop(str(error))}"
            ) from error

    def _lines(self) -> Iterator[str]:
        # Decoded line by line, because a decoder of the whole cannot say on which line it stopped.
        while line := self._file.readline(MAX_LINE_BYTES + 1):
            self._number += 1
            where = f"{self._name} line {self._number}"
            if len(line) > MAX_LINE_BYTES:
                raise BadInput(f"{where}: it is longer than {MAX_LINE_BYTES:,} bytes.")
            try:
                # Spreadsheets put a byte order mark first.
                text = line.decode("utf-8" if self.offset else "utf-8-sig")
            except UnicodeDecodeError as error:
                raise BadInput(
                    f"{where}: byte {error.start + 1} is not UTF-8; save it as UTF-8."
                ) from error
            self.offset += len(line)
            yield text
