"""Files in a folder: whole, safe to repeat, and nowhere else."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import NotFound
from app.services.file_store import FileStore, FolderUnusable, Stored, checked

DATA = b"\x89PNG and more"


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "files")


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


async def test_what_is_saved_is_read_and_known_by_its_checksum(
    store: FileStore, tmp_path: Path
) -> None:
    stored = await store.save("scenes/scn_1/1.png", DATA)

    assert stored == Stored("scenes/scn_1/1.png", sha256(DATA).hexdigest(), len(DATA))
    assert await store.read(stored.file) == DATA
    assert await store.checksum(stored.file) == stored.sha256
    assert (tmp_path / "files/scenes/scn_1/1.png").read_bytes() == DATA


async def test_saving_again_leaves_one_file_with_the_latest(
    store: FileStore, tmp_path: Path
) -> None:
    for data in (b"a", b"b", b"b", DATA):
        await store.save("a/b", data)

    assert await store.read("a/b") == DATA
    assert names(tmp_path / "files") == ["a/b"]


async def test_many_who_save_the_same_file_at_once_leave_one_that_is_whole(
    store: FileStore, tmp_path: Path
) -> None:
    written = [bytes([n]) * 300_000 for n in range(12)]

    await asyncio.gather(*(store.save("a", data) for data in written))

    assert await store.read("a") in written
    assert names(tmp_path / "files") == ["a"]


async def test_a_file_that_cannot_take_its_place_leaves_nothing_behind(
    store: FileStore, tmp_path: Path
) -> None:
    await store.save("a/b", DATA)

    with pytest.raises(IsADirectoryError):
        await store.save("a", b"more")  # where a folder is
    assert names(tmp_path / "files") == ["a/b"]


async def test_a_file_that_is_not_there_is_not_found_and_has_no_checksum(store: FileStore) -> None:
    with pytest.raises(NotFound, match=r"There is no file a/b\."):
        await store.read("a/b")
    assert await store.checksum("a/b") is None


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "/",
        "/etc/passwd",
        "//x",
        "..",
        "../x",
        "a/../../x",
        "a/..",
        "..\\x",
        "a\x00b",
        "a\nb",
    ],
)
async def test_a_name_that_leads_elsewhere_is_refused(
    store: FileStore, tmp_path: Path, name: str
) -> None:
    for ask in (store.save(name, DATA), store.read(name), store.checksum(name)):
        with pytest.raises(ValueError, match=r"is not the name|not printable"):
            await ask
    assert names(tmp_path) == []


@given(
    name=st.text(max_size=40) | st.lists(st.sampled_from(["a", "..", ".", "", "/"])).map("/".join)
)
def test_a_name_that_is_taken_stays_below_the_folder(name: str) -> None:
    folder = Path("/srv/files")
    try:
        file = checked(name)
    except ValueError:
        return
    assert folder in Path(folder / file).resolve().parents
    assert checked(file) == file


async def test_a_folder_that_cannot_be_is_no_single_items_fault(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()

    for folder in (plain, plain / "files"):
        with pytest.raises(
            FolderUnusable, match=r"SLUICE_FILES_DIR .* cannot be written"
        ) as caught:
            await FileStore(folder).save("a", DATA)
        assert caught.value.systemic
