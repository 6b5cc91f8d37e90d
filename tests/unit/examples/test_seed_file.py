"""The committed users, and what is said of files that cannot be read."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import BadInput, TooLarge
from app.seed.read import MAX_ROWS, committed, read_rows, seed_file
from app.seed.row import columns
from app.seed.user_row import SeedUser

COLUMNS = columns(SeedUser)
HEADER = ",".join(COLUMNS)
ADA = "ada@example.org,Ada Lovelace,en-GB,mathematics;tea,true,no,2026-01-02T03:04:05Z"
GRACE = "grace@example.org,Grace Hopper,en-US,sailing,1,YES,2026-01-02T03:04:05+02:00"


def written(folder: Path, *lines: str | bytes) -> Path:
    """A users.csv of these lines."""
    path = folder / "users.csv"
    path.write_bytes(b"".join((x.encode() if isinstance(x, str) else x) + b"\n" for x in lines))
    return path


def read_users(path: Path, *, max_rows: int = MAX_ROWS) -> list[SeedUser]:
    return read_rows(path, SeedUser, max_rows=max_rows)


def complaint(path: Path) -> BadInput:
    with pytest.raises(BadInput) as caught:
        read_users(path)
    return caught.value


def test_the_committed_file_has_a_thousand_different_users() -> None:
    users = committed(SeedUser)

    assert len(users) == 1_000
    assert len({user.email.lower() for user in users}) == 1_000
    assert {user.email.rpartition("@")[2] for user in users} == {
        "example.com",
        "example.org",
        "example.net",
    }


def test_the_committed_users_are_spread_as_people_are() -> None:
    users = committed(SeedUser)
    locales = Counter(user.locale for user in users)
    interests = Counter(interest for user in users for interest in user.interests)

    assert 900 <= sum(user.active for user in users) <= 940
    assert 280 <= sum(user.paid for user in users) <= 320
    assert len(locales) >= 20
    assert max(locales.values()) <= 200
    assert len(interests) == 80
    assert {len(user.interests) for user in users} == {2, 3, 4, 5}
    assert len({user.name for user in users}) >= 950
    earliest, latest = datetime(2023, 11, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
    assert all(earliest <= user.created_at < latest for user in users)


def test_the_committed_file_has_a_row_on_every_line_and_no_space_around_a_cell() -> None:
    text = seed_file(SeedUser).read_text(encoding="utf-8")

    rows = list(csv.reader(text.splitlines(), strict=True))
    assert len(rows) == text.count("\n") == 1_001
    assert all(cell == cell.strip() != "" for row in rows for cell in row)
    assert "\r" not in text


def test_cells_become_values_whatever_the_order_of_the_columns(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER, ADA, "", GRACE)
    turned = tmp_path / "turned.csv"
    with path.open(newline="") as source, turned.open("w", newline="") as target:
        csv.writer(target).writerows(reversed(row) for row in csv.reader(source) if row)

    ada, grace = read_users(path)

    assert read_users(turned) == [ada, grace]
    assert ada.interests == ("mathematics", "tea")
    assert (ada.active, ada.paid) == (True, False)
    assert (grace.active, grace.paid) == (True, True)
    assert grace.created_at == datetime(2026, 1, 2, 1, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (HEADER, "ada@example.org,Ada,en,,true,no,"),
        (HEADER.removesuffix(",created_at"), "ada@example.org,Ada,en,,true,no"),
    ],
)
def test_created_at_is_now_where_the_cell_or_the_column_is_missing(
    tmp_path: Path, header: str, row: str
) -> None:
    before = datetime.now(UTC)

    [user] = read_users(written(tmp_path, header, row))

    assert before <= user.created_at <= datetime.now(UTC)
    assert user.interests == ()


def test_a_spreadsheets_byte_order_mark_and_line_ends_are_read(tmp_path: Path) -> None:
    path = written(tmp_path, f"\ufeff{HEADER}\r", f"{ADA}\r")

    assert [user.email for user in read_users(path)] == ["ada@example.org"]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("ada@example,Ada,en,tea,true,no,", "email"),
        ("a b@example.org,Ada,en,tea,true,no,", "email"),
        (",Ada,en,tea,true,no,", "email"),
        (f"{'a' * 250}@example.org,Ada,en,tea,true,no,", "email"),
        ("ada@example.org, ,en,tea,true,no,", "name"),
        (f"ada@example.org,{'x' * 201},en,tea,true,no,", "name"),
        ("ada@example.org,A\x07da,en,tea,true,no,", "name"),
        ("ada@example.org,Ada,english,tea,true,no,", "locale"),
        ("ada@example.org,Ada,en_GB,tea,true,no,", "locale"),
        (f"ada@example.org,Ada,en,{';'.join('abcdefghijklmnopqrstu')},true,no,", "interests"),
        (f"ada@example.org,Ada,en,{'x' * 61},true,no,", "interests"),
        ("ada@example.org,Ada,en,tea,maybe,no,", "active"),
        ("ada@example.org,Ada,en,tea,true,,", "paid"),
        ("ada@example.org,Ada,en,tea,true,no,yesterday", "created_at"),
        ("ada@example.org,Ada,en,tea,true,no,2026-01-02T03:04:05", "created_at"),
        ("ada@example.org,Ada,en,tea,true,no,1767323045", "created_at"),
        ("ada@example.org,Ada,en,tea,true,no,0001-01-01T00:00:00+14:00", "created_at"),
    ],
)
def test_a_bad_cell_is_named_by_line_and_column(tmp_path: Path, row: str, column: str) -> None:
    error = complaint(written(tmp_path, HEADER, GRACE, row))

    assert error.detail.startswith(f"users.csv line 3: {column}: it must be ")
    assert error.field == column
    assert len(error.detail) < 250


def test_lines_are_counted_through_quoted_cells_that_hold_line_breaks(tmp_path: Path) -> None:
    ada = ADA.replace("Ada Lovelace", '"Ada\n\nKing\nLovelace"')
    path = written(tmp_path, HEADER, ada, "", GRACE.replace("grace@", "grace"))

    assert complaint(path).detail.startswith("users.csv line 7: email: ")
    assert read_users(written(tmp_path, HEADER, ada))[0].name == "Ada King Lovelace"


def test_an_email_that_comes_twice_names_both_lines(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER, ADA, GRACE, ADA.replace("ada@", "ADA@"))

    assert complaint(path).detail == (
        "users.csv line 4: email: 'ADA@example.org' is on line 2 too."
    )


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("email,name,locale,active", "lacks interests, paid."),
        (f"{HEADER},age,", "does not know age, ''."),
        (f"{HEADER},name", "repeats name."),
        ("Email,name,locale,interests,active,paid", "lacks email; does not know Email."),
        (ADA, "lacks email, name, locale, interests, active, paid; does not know"),
    ],
)
def test_a_header_that_does_not_fit_is_told_what_is_wrong(
    tmp_path: Path, header: str, sentence: str
) -> None:
    assert f"users.csv: the header {sentence}" in complaint(written(tmp_path, header, ADA)).detail


@pytest.mark.parametrize("lines", [(), ("", ""), (b"\xef\xbb\xbf",)])
def test_an_empty_file_is_told_which_header_it_needs(
    tmp_path: Path, lines: tuple[str | bytes, ...]
) -> None:
    assert "users.csv is empty" in complaint(written(tmp_path, *lines)).detail


def test_a_file_of_a_header_alone_has_no_users(tmp_path: Path) -> None:
    assert read_users(written(tmp_path, HEADER)) == []


def test_text_that_is_not_utf_8_is_found_on_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER, ADA, GRACE.replace("Grace", "Gráce").encode("latin-1"))

    assert complaint(path).detail.startswith("users.csv line 3: byte 21 is not UTF-8")


@pytest.mark.parametrize("row", [f"{ADA},more", ADA.rpartition(",")[0]])
def test_a_row_with_another_number_of_cells_is_refused(tmp_path: Path, row: str) -> None:
    path = written(tmp_path, HEADER, row)

    assert complaint(path).detail.startswith(f"users.csv line 2: it has {row.count(',') + 1} cells")


@pytest.mark.parametrize("row", ['"ada@example.org,Ada\nand\nso on', 'x,"Ada"da,en', "a,\x00,b"])
def test_broken_quoting_is_found_where_the_row_starts(tmp_path: Path, row: str) -> None:
    assert complaint(written(tmp_path, HEADER, ADA, row)).detail.startswith("users.csv line 3: ")


def test_a_line_without_end_is_refused_unread(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER, ADA, "x" * 70_000)

    assert complaint(path).detail == "users.csv line 3: it is longer than 65,536 bytes."


def test_more_rows_than_allowed_are_too_large(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER, ADA, GRACE)

    assert len(read_users(path, max_rows=2)) == 2
    with pytest.raises(TooLarge, match="more than 1 users; split it"):
        read_users(path, max_rows=1)


def test_a_file_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    assert "cannot be read: No such file" in complaint(tmp_path / "none.csv").detail
    assert "cannot be read" in complaint(tmp_path).detail


WORDS = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters=";"), min_size=1)
USERS = st.builds(
    SeedUser,
    email=st.from_regex(r"[a-z0-9]{1,20}\.[a-z]{1,9}@example\.(com|org|net)", fullmatch=True),
    name=st.lists(WORDS, min_size=1, max_size=3).map(lambda words: " ".join(words)[:200].strip()),
    locale=st.from_regex(r"[a-z]{2,3}(-[A-Z]{2})?", fullmatch=True),
    interests=st.lists(WORDS.map(lambda word: word[:60]), max_size=5).map(tuple),
    active=st.booleans(),
    paid=st.booleans(),
    created_at=st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  hypothesis takes naive bounds
)


@given(users=st.lists(USERS, max_size=5, unique_by=lambda user: user.email))
def test_what_was_written_is_read(users: list[SeedUser]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "users.csv")
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(COLUMNS)
            for user in users:
                row = user.model_dump(mode="json")
                rows.writerow((row | {"interests": ";".join(user.interests)}).values())

        assert read_users(path) == users
