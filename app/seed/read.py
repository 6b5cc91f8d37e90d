"""Reads users from a CSV file (RFC 4180, UTF-8, with a header), all of them or none.

The columns are email, name, locale, interests, active and paid, in any order, and created_at if
there is one. Interests are separated by semicolons. The file is read a line at a time; what is
kept is the users, about 1.5 kB each, hence the bound of 100,000 rows (150 MB).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from app.errors import BadInput, TooLarge
from app.seed.user import SeedUser, expectation

SEED_FILE = Path(__file__).with_name("users.csv")

MAX_ROWS = 100_000
MAX_LINE_BYTES = 65_536
OPTIONAL = frozenset({"created_at"})
COLUMNS = tuple(SeedUser.model_fields)


def read_users(path: Path, *, max_rows: int = MAX_ROWS) -> list[SeedUser]:
    """The users in ``path``, in its order; a file with only a header has none.

    Raises BadInput at the first thing that is wrong, with the line on which its row starts (the
    header is line 1) and the column, and TooLarge beyond ``max_rows``.
    """
    users: list[SeedUser] = []
    lines_by_email: dict[str, int] = {}
    try:
        with path.open("rb") as file:
            for line, cells in _rows(path.name, file):
                if len(users) == max_rows:
                    raise TooLarge(f"{path.name} has more than {max_rows:,} users; split it.")
                user = _user(f"{path.name} line {line}", cells)
                first = lines_by_email.setdefault(user.email.lower(), line)
                if first != line:
                    raise BadInput(
                        f"{path.name} line {line}: email: {user.email!r} is on line {first} too.",
                        field="email",
                    )
                users.append(user)
    except OSError as error:
        raise BadInput(f"{path} cannot be read: {error.strerror}.") from error
    return users


def _rows(name: str, file: BinaryIO) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Each row by column, with the line on which it starts; blank lines are passed over."""
    reader = csv.reader(_lines(name, file), strict=True)
    header: Sequence[str] | None = None
    line = 1
    try:
        for cells in reader:
            if cells and header is None:
                header = _header(name, cells)
            elif cells and header is not None:
                yield line, _by_column(f"{name} line {line}", header, cells)
            # A quoted cell may hold line breaks, so rows cannot be counted to find the line.
            line = reader.line_num + 1
    except csv.Error as error:
        raise BadInput(f"{name} line {line}: this is not CSV: {error}.") from error
    if header is None:
        raise BadInput(f"{name} is empty; it needs a header with {', '.join(COLUMNS)}.")


def _lines(name: str, file: BinaryIO) -> Iterator[str]:
    # Decoded line by line, because a decoder of the whole cannot say on which line it stopped.
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) > MAX_LINE_BYTES:
            raise BadInput(f"{name} line {number}: it is longer than {MAX_LINE_BYTES:,} bytes.")
        try:
            # Spreadsheets put a byte order mark first.
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise BadInput(
                f"{name} line {number}: byte {error.start + 1} is not UTF-8; save it as UTF-8."
            ) from error


def _header(name: str, cells: Sequence[str]) -> Sequence[str]:
    header = [cell.strip() for cell in cells]
    problems = {
        "lacks": [column for column in COLUMNS if column not in {*header, *OPTIONAL}],
        "does not know": [column or "''" for column in header if column not in COLUMNS],
        "repeats": sorted({column for column in header if header.count(column) > 1}),
    }
    found = [f"{verb} {', '.join(columns)}" for verb, columns in problems.items() if columns]
    if found:
        raise BadInput(f"{name}: the header {'; '.join(found)}. It takes {', '.join(COLUMNS)}.")
    return header


def _by_column(where: str, header: Sequence[str], cells: Sequence[str]) -> Mapping[str, str]:
    if len(cells) != len(header):
        raise BadInput(f"{where}: it has {len(cells)} cells, and the header has {len(header)}.")
    return dict(zip(header, cells, strict=True))


def _user(where: str, cells: Mapping[str, str]) -> SeedUser:
    # An empty optional cell is one that is not there.
    given = {
        column: cell for column, cell in cells.items() if cell.strip() or column not in OPTIONAL
    }
    try:
        return SeedUser.model_validate(given)
    except ValidationError as error:
        column = str(error.errors()[0]["loc"][0])
        raise BadInput(
            f"{where}: {column}: {expectation(column)}, not {cells.get(column, '')[:40]!r}.",
            field=column,
        ) from error
