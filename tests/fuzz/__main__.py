"""``make fuzz``: call a real service for FOR seconds with what its OpenAPI document allows, and
with what it does not: four fifths of the time with a token, the rest without one.

It starts its own servers, as the tests do, and tells its seed.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import httpx2
from rich.console import Console

from tests.e2e.support.stack import OPS, ROOT, Stack, running
from tests.support.http import bearer
from tests.support.servers.choice import choose, start

SCHEMATHESIS = ROOT / ".venv/fuzz/bin/st"
UNTOLD = "positive_data_acceptance"
"""A check that makes no sense here: of what a validator refuses no schema tells."""
BEHIND_THE_DOOR = "unsupported_method"
"""Nor does this one without a token: of whoever has none no method is looked at."""
SLOWEST = 20
"""Seconds of one answer."""
REFUSALS = ("400", "401", "403", "404", "405", "409", "413", "414", "422", "429", "431", "503")
"""What is wrong may be answered so. Schemathesis's own list leaves out what is too long."""
FAILED = "request_failed"
"""The event that the service logs with each 500."""
SHOWN = 20
"""So many of those."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("seconds", nargs="?", type=int, default=120, help="FOR")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    asked = parser.parse_args()
    console = Console(markup=False, highlight=False, soft_wrap=True)
    console.print(f"The seed is {asked.seed}: make fuzz FOR={asked.seconds} SEED={asked.seed}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = start(choose(), stack)
        service = stack.enter_context(running(Stack(servers, folder)))
        document = _document(service.url, folder)
        with_token = ("-H", f"Authorization: Bearer {OPS}")
        without = f"{UNTOLD},{BEHIND_THE_DOOR}"
        failed = [
            _fuzz(document, service.url, asked.seed, asked.seconds * 4 // 5, UNTOLD, *with_token),
            _fuzz(document, service.url, asked.seed, asked.seconds // 5, without),
        ]
        errors = [line for line in service.log.read_text().splitlines() if FAILED in line]
    for line in errors[:SHOWN]:
        console.print(line)
    console.print(f"{len(errors)} calls were answered by a 500; the seed was {asked.seed}.")
    sys.exit(any(failed) or bool(errors))


def _document(url: str, folder: Path) -> Path:
    answer = httpx2.get(f"{url}/openapi.json", headers=bearer(OPS), timeout=SLOWEST)
    answer.raise_for_status()
    path = folder / "openapi.json"
    path.write_text(json.dumps(answer.json()))
    settings = f"[checks.negative_data_rejection]\nexpected-statuses = {json.dumps(REFUSALS)}\n"
    (folder / "schemathesis.toml").write_text(settings)
    return path


def _fuzz(document: Path, url: str, seed: int, seconds: int, left_out: str, *more: str) -> bool:
    """Whether something was found."""
    command = [
        str(SCHEMATHESIS), "run", str(document), "--url", url, "--seed", str(seed),
        "--max-time", str(max(seconds, 1)), "--continue-on-failure", "--workers", "1",
        "--exclude-checks", left_out, "--request-timeout", str(SLOWEST),
        "--generation-database", "none", "--no-color", *more,
    ]  # fmt: skip
    return subprocess.run(command, check=False, cwd=document.parent).returncode != 0


if __name__ == "__main__":
    main()
