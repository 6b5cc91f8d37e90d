"""A copy of the repository, in which families of every kind are started as an author would."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.support.processes.copied import Copied, copied

# Names that nobody else gives: a service that has this repository's tests has families of its own.
KINDS = (
    "name=otter-reminder entity=invoice",
    "name=otter-reminder-again entity=invoice source=sql result=redis",
    "name=otters-from-sql-to-redis entity=otter-group source=sql result=redis steps=yes id=int",
    "name=otters-from-sql entity=otter-den source=sql result=none steps=yes id=uuid",
    "name=otters-from-sql-again entity=otter-den source=sql result=table",
    "name=otters-of-groups entity=otter-group source=sql result=table steps=yes",
    "name=otters-from-http entity=thing source=http result=table steps=yes id=int",
    "name=otters-from-http-to-redis entity=thing source=http result=redis",
    "name=otters-from-csv-to-redis entity=company source=csv result=redis steps=yes id=uuid",
    "name=otters-from-csv entity=company source=csv result=none",
    "name=otters-from-ids entity=thing source=ids result=none steps=yes id=int",
    # Names as long as may be, which break every line that can break.
    f"name={'quite-a-long-name-' * 3}one entity={'a-long-entity-' * 4}it source=csv steps=yes",
    f"name={'quite-a-long-name-' * 3}two entity={'a-long-entity-' * 4}it source=ids",
    f"name={'quite-a-long-name-' * 3}three entity={'a-long-entity-' * 4}it source=http",
)
"""Each source with each result, each of both with steps and without, and each kind of id with each
source but one, as pairs; and a second family for the table of a first."""


@dataclass(frozen=True)
class Grown:
    copy: Copied
    before: dict[str, str]
    wrote: list[str]
    said: list[str]
    """Of each kind, to its end."""

    @property
    def code(self) -> list[str]:
        return [file for file in self.wrote if file.endswith(".py")]


@pytest.fixture(scope="session")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Grown:
    copy = copied(tmp_path_factory.mktemp("grown") / "sluice", typed=True)
    before = copy.files()
    wrote, said = [], []
    for kind in KINDS:  # each a process: what one has written, the next one finds
        ended = copy.python("-m", "scaffold", "family", *kind.split())
        assert ended.returncode == 0, ended
        said.append(ended.stdout)
        lines = ended.stdout.splitlines()
        wrote += [line[6:] for line in lines if line.startswith("wrote ")]
    return Grown(copy, before, wrote, said)
