"""``sluice run --items-from``, against a real API."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.cli.command import Sluice

FAMILY = "welcome-placeholder"


def piped(service: Sluice, text: str, *args: str) -> subprocess.CompletedProcess[str]:
    return service.run("run", FAMILY, "--items-from", "-", *args, text=text)


def test_ids_of_a_file_or_of_standard_input_are_what_a_run_is_over(
    service: Sluice, tmp_path: Path
) -> None:
    file = tmp_path / "ids.txt"
    file.write_text("nobody-1\nnobody-2\n")
    dry = service.run("run", FAMILY, "--items-from", str(file), "--dry-run", "--json")
    assert json.loads(dry.stdout)["totalEligible"] == 2
    many = "".join(f"nobody-{n}\n" for n in range(20_000))
    found = json.loads(piped(service, many, "--dry-run", "--json").stdout)
    assert (found["totalEligible"], found["toProcess"]) == (20_000, 20_000)
    assert service.run("flow", "set", f"{FAMILY}.execute", "--rate", "5000/s").returncode == 0
    ended = piped(service, "".join(f"nobody-{n}\n" for n in range(1_500)), "--watch", "--json")
    counters = json.loads(ended.stdout)["run"]["counters"]
    assert (counters["scheduled"], counters["skipped"]) == (1_500, 1_500)


def test_what_cannot_be_used_is_refused_in_a_sentence(service: Sluice, tmp_path: Path) -> None:
    def refused(*args: str) -> str:
        return service.refused("run", FAMILY, *args)

    assert "cannot be read" in refused("--items-from", str(tmp_path / "none"))
    empty = tmp_path / "empty"
    empty.write_text("\n\n")
    assert "holds no id" in refused("--items-from", str(empty))
    assert "not with both" in refused("--items-from", str(empty), "--item-id", "a")
    many = piped(service, "".join(f"n{n}\n" for n in range(1_001)), "--idempotency-key", "k")
    assert (many.returncode, "Leave it out" in many.stderr) == (2, True)
