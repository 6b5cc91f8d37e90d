"""The two migration histories: Sluice's own, and the service's.

Each has a folder of its own and a version table of its own, in Sluice's schema: the application's
``alembic_version`` in ``public`` is none of theirs. Nothing here imports Alembic, which only a
migration needs: every start of a service asks which revisions there are.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from app.errors import ConfigurationError

_MIGRATIONS = Path(__file__).resolve().parents[2] / "alembic"
LONGEST_ID = 32
"""The width of Alembic's column."""


@dataclass(frozen=True, slots=True)
class MigrationHistory:
    folder: Path
    version_table: str

    @property
    def name(self) -> str:
        return self.folder.name


SLUICE = MigrationHistory(_MIGRATIONS / "sluice", "alembic_version")
SERVICE = MigrationHistory(_MIGRATIONS / "service", "service_version")
HISTORIES = (SLUICE, SERVICE)
"""In the order in which they are brought up to date."""


@cache
def known_revisions(history: MigrationHistory) -> tuple[str, ...]:
    """The revisions of the migrations in this code, the newest first. The files are read and not
    run.

    Raises:
        ConfigurationError: Alembic could not put them in order either.
    """
    follows: dict[str, set[str]] = {}
    for file in sorted((history.folder / "versions").glob("*.py")):
        if file.name.startswith(("__init__", ".#")):  # as Alembic does
            continue
        said = dict(_assigned(file))
        own = _ids(file, said.get("revision"))
        if len(own) != 1:
            raise ConfigurationError(f"The migration {file} must say its revision, as a text.")
        follows[own.pop()] = _ids(file, said.get("down_revision"))
    try:
        oldest_first = list(TopologicalSorter(follows).static_order())
    except CycleError as error:
        circle = ", ".join(error.args[1])
        raise ConfigurationError(
            f"Migrations of {history.folder} follow one another in a circle: {circle}."
        ) from None
    if missing := set(oldest_first) - set(follows):
        named = ", ".join(sorted(missing))
        raise ConfigurationError(
            f"Migrations of {history.folder} follow {named}, which is not there."
        )
    return tuple(reversed(oldest_first))


def _assigned(file: Path) -> Iterator[tuple[str, ast.expr]]:
    """What a module says by a name."""
    for line in ast.parse(file.read_bytes(), str(file)).body:
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and line.value:
            yield line.target.id, line.value
        elif isinstance(line, ast.Assign):
            yield from ((one.id, line.value) for one in line.targets if isinstance(one, ast.Name))


def _ids(file: Path, value: ast.expr | None) -> set[str]:
    """A migration may follow none, one, or several that it merges."""
    try:
        told = None if value is None else ast.literal_eval(value)
    except ValueError:
        raise ConfigurationError(
            f"The migration {file} must say its revision, and what it follows, as plain texts."
        ) from None
    return {told} if isinstance(told, str) else set(told or ())


def revision_id(about: str, day: date) -> str:
    """The id of a new migration, which is also the name of its file: never a number, so that nobody
    else's can take the same one."""
    slug = re.sub(r"\W+", "_", about.lower()).strip("_") or "migration"
    name = f"{day:%Y%m%d}_{slug}"
    if len(name) <= LONGEST_ID:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:6]
    return f"{name[: LONGEST_ID - 7].rstrip('_')}_{digest}"
