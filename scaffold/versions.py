"""The template of families as a git repository of its own, which copier needs to merge.

Copier merges what changed between two versions of a template, and takes versions from git. Ours is
a folder of this repository, so its history is told anew in one under ``.sluice``: a commit for each
version of the folder, made such that the same history gives the same ids in every clone.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

TEMPLATE = "scaffold/family"
PLACE = ".sluice/family-template"
"""Relative, as it is kept with each family's answers."""
_ALWAYS_THE_SAME = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (
        ("NAME", "scaffold"),
        ("EMAIL", "scaffold@localhost"),
        ("DATE", "2000-01-01T00:00:00+0000"),
    )
}


def tell_versions(root: Path) -> str:
    """Make the repository. Answers what copier takes for the template: its place below ``root``,
    or the folder itself where this is no git repository, and nothing can be merged later."""
    if not _is_repository(root):
        return TEMPLATE
    place = root / PLACE
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    _git(place, "init", "--quiet")
    objects = _git(root, "rev-parse", "--path-format=absolute", "--git-path", "objects")
    (place / ".git" / "objects" / "info" / "alternates").write_text(f"{objects}\n", "utf-8")
    parent: list[str] = []
    before = ""
    for tree in (*_committed(root), _present(root, place)):
        if tree != before:
            commit = _git(place, "commit-tree", tree, "-m", "A version", *parent)
            parent, before = ["-p", commit], tree
    _git(place, "reset", "--quiet", "--hard", parent[1])
    return PLACE


def _committed(root: Path) -> list[str]:
    """The trees of the folder, the oldest first."""
    listed = _git(root, "rev-list", "--reverse", "--first-parent", "HEAD", "--", TEMPLATE).split()
    found = (
        _git(root, "rev-parse", "--verify", "--quiet", f"{c}:{TEMPLATE}", fails="") for c in listed
    )
    return [tree for tree in found if tree]


def _present(root: Path, place: Path) -> str:
    """The folder as it stands, committed or not."""
    shutil.copytree(root / TEMPLATE, place, dirs_exist_ok=True)
    _git(place, "add", "--all", "--force")
    return _git(place, "write-tree")


def _is_repository(root: Path) -> bool:
    if shutil.which("git") is None:
        return False
    top = _git(root, "rev-parse", "--show-toplevel", fails="")
    return (
        bool(top)
        and Path(top).resolve() == root.resolve()
        and bool(_git(root, "rev-parse", "--verify", "--quiet", "HEAD", fails=""))
    )


def _git(folder: Path, *words: str, fails: str | None = None) -> str:
    """What git answers; ``fails`` where it refuses, if that may be."""
    outside = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command: Sequence[str] = ("git", "-c", "core.autocrlf=false", *words)
    ended = subprocess.run(  # noqa: S603 - no word of it comes from outside
        command,
        cwd=folder,
        env={**outside, **_ALWAYS_THE_SAME},
        capture_output=True,
        text=True,
        check=fails is None,
    )
    return ended.stdout.strip() if ended.returncode == 0 else fails or ""
