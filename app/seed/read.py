"""Reads a seed file, CSV (RFC 4180, UTF-8, with a header), all of its rows or none.

The columns are the fields of the row's class, in any order. The file is read a line at a time; what
is kept is the rows, a user's about 1.5 kB, hence the bound of 100,000 rows (150 MB).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, TypeVar

from pydantic import ValidationError

from app.errors import BadInput, TooLarge, field_errors
from app.seed.row import SeedRow, columns, expectation, needed
from app.workflows.sources.csv_rows import CsvRows

MAX_ROWS = 100_000

Row = TypeVar("Row", bound=SeedRow)


def committed(kind: type[Row]) -> list[Row]:
    """The rows with which a new installation starts."""
    return read_rows(seed_file(kind), kind)


def seed_file(kind: type[SeedRow]) -> Path:
    return Path(__file__).with_name(f"{kind.plural}.csv")


def read_rows(path: Path, kind: type[Row], *, max_rows: int = MAX_ROWS) -> list[Row]:
    """The rows of ``path``, in its order; a file with only a header has none.

    Raises BadInput at the first thing that is wrong, with the line on which its row starts (the
    header is line 1) and the column, and TooLarge beyond ``max_rows``.
    """
    rows: list[Row] = []
    lines: dict[tuple[str, ...], int] = {}
    try:
        with path.open("rb") as file:
            for line, cells in _rows(path.name, kind, file):
                if len(rows) == max_rows:
                    raise TooLarge(
                        f"{path.name} has more than {max_rows:,} {kind.plural}; split it."
                    )
                row = _row(f"{path.name} line {line}", kind, cells)
                first = lines.setdefault(row.key(), line)
                if first != line:
                    column = kind.key_column
                    raise BadInput(
                        f"{path.name} line {line}: {column}: {getattr(row, column)!r} is on line"
                        f" {first} too.",
                        field=column,
                    )
                rows.append(row)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from error
    return rows


def _rows(
    name: str, kind: type[SeedRow], file: BinaryIO
) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Each row by column, with the line on which it starts."""
    header: Sequence[str] | None = None
    for line, cells in CsvRows(name, file):
        if header is None:
            header = _header(name, kind, cells)
        else:
            yield line, _by_column(f"{name} line {line}", header, cells)
    if header is None:
        raise BadInput(f"{name} is empty; it needs a header with {', '.join(columns(kind))}.")


def _header(name: str, kind: type[SeedRow], cells: Sequence[str]) -> Sequence[str]:
    header = [cell.strip() for cell in cells]
    known = columns(kind)
    problems = {
        "lacks": [column for column in needed(kind) if column not in header],
        "does not know": [column or "''" for column in header if column not in known],
        "repeats": sorted({column for column in header if header.count(column) > 1}),
    }
    found = [f"{verb} {', '.join(columns)}" for verb, columns in problems.items() if columns]
    if found:
        raise BadInput(f"{name}: the header {'; '.join(found)}. It takes {', '.join(known)}.")
    return header


def _by_column(where: str, header: Sequence[str], cells: Sequence[str]) -> Mapping[str, str]:
    if len(cells) != len(header):
        raise BadInput(f"{where}: it has {len(cells)} cells, and the header has {len(header)}.")
    return dict(zip(header, cells, strict=True))


def _row(where: str, kind: type[Row], cells: Mapping[str, str]) -> Row:
    # An empty optional cell is one that is not there.
    must = needed(kind)
    given = {column: cell for column, cell in cells.items() if cell.strip() or column in must}
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        column = field_errors(error)[0]["field"].split(".")[0]
        raise BadInput(
            f"{where}: {column}: {expectation(kind, column)}, not {cells.get(column, '')[:40]!r}.",
            field=column,
        ) from error
