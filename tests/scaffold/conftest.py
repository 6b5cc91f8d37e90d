"""A copy of the repository, in which families of every kind are started as an author would."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.support.copied import Copied, copied

# Names that nobody else gives: a service that has this repository's tests has families of its own.
KINDS = (
    "name=otter-reminder entity=invoice",
    "name=otters-from-sql-to-redis entity=user source=sql result=redis steps=yes",
    "name=otters-from-sql entity=user source=sql result=none steps=yes",
    "name=otters-from-http entity=thing source=http result=table steps=yes",
    "name=otters-from-http-to-redis entity=thing source=http result=redis",
    "name=otters-from-csv-to-redis entity=company source=csv result=redis steps=yes",
    "name=otters-from-csv entity=company source=csv result=none",
    "name=otters-from-ids entity=thing source=ids result=none steps=yes",
    # Names as long as may be, which break every line that can break.
    f"name={'quite-a-long-name-' * 3}one entity={'a-long-entity-' * 4}it source=csv steps=yes",
    f"name={'quite-a-long-name-' * 3}two entity={'a-long-entity-' * 4}it source=ids",
    f"name={'quite-a-long-name-' * 3}three entity={'a-long-entity-' * 4}it source=http",
)
"""Each source with each result, and each of both with steps and without, as pairs."""

_ALL = """
import sys
from scaffold.__main__ import main
sys.exit(max(main(["family", *words.split()]) for words in sys.argv[1:]))
"""


@dataclass(frozen=True)
class Grown:
    copy: Copied
    before: dict[str, str]
    wrote: list[str]

    @property
    def code(self) -> list[str]:
        return [file for file in self.wrote if file.endswith(".py")]


@pytest.fixture(scope="session")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Grown:
    copy = copied(tmp_path_factory.mktemp("grown") / "sluice", typed=True)
    before = copy.files()
    ended = copy.python("-c", _ALL, *KINDS)
    assert ended.returncode == 0, ended
    lines = ended.stdout.splitlines()
    return Grown(copy, before, [line[6:] for line in lines if line.startswith("wrote ")])
