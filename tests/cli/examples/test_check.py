"""The checklist of the example families."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.command import Sluice

EXAMPLES = ("agent-welcome", "review-post", "scene-images", "welcome-placeholder")


@pytest.mark.parametrize("engine", ["postgres", "qstash"])
def test_they_are_clean_and_their_pages_come_from_an_index(sluice: Sluice, engine: str) -> None:
    ended = sluice.run("check", "--json", SLUICE_ENGINE=engine)
    assert ended.stderr == ""
    answer = json.loads(ended.stdout)
    found = {one["name"]: one for one in answer["families"]}
    assert answer["success"] is True
    assert found.keys() >= set(EXAMPLES)
    for name in EXAMPLES:
        assert (found[name]["findings"], found[name]["skipped"]) == ([], []), name
        assert Path(found[name]["file"]).is_file()
        assert found[name]["declares"]["worksOn"]
