"""``blocking-call``: what stalls every item of a worker while it runs, in an ``async def``.

Ruff's rules ASYNC210 to ASYNC251, those of flake8-async, look for it: they follow imports and
aliases, and somebody keeps them up to date. Ruff is a tool of development; where it is not
installed, nothing is looked at.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

from app.errors import full_stop
from app.workflows.checks.family_code import FamilyCode
from app.workflows.checks.findings import Findings, Place, Rule

LONG = ("ASYNC21", "ASYNC22", "ASYNC250", "ASYNC251")
"""Calls over HTTP, processes, questions to a person, sleep: seconds."""
SHORT = ("ASYNC230", "ASYNC240")
"""Files: mostly quick, and not on every disk."""
LONGEST = 60
"""Seconds that ruff may take; it needs hundredths."""


def check_blocking_calls(code: FamilyCode, findings: Findings) -> None:
    if importlib.util.find_spec("ruff") is None:
        findings.skip(Rule.BLOCKING_CALL, "ruff is not installed here: it comes with make setup.")
        return
    command = [
        *(sys.executable, "-m", "ruff", "check", "--isolated", "--no-cache", "--exit-zero"),
        *("--output-format", "json", "--select", ",".join((*LONG, *SHORT)), "--"),
        *(str(source.file) for source in code.modules),
    ]
    try:
        said = subprocess.run(  # noqa: S603 - files of families that are loaded
            command, capture_output=True, text=True, check=True, timeout=LONGEST
        )
        found = json.loads(said.stdout)
    except (subprocess.SubprocessError, OSError, ValueError) as error:
        findings.skip(Rule.BLOCKING_CALL, f"ruff could not look: {type(error).__name__}.")
        return
    for one in found:
        place = Place(Path(one["filename"]), one["location"]["row"])
        message = (
            f"{full_stop(one['message'])} It stalls every other item of the worker. Make the"
            " method a plain def, which runs in a thread, or use what is async."
        )
        if str(one["code"]).startswith(LONG):
            findings.error(Rule.BLOCKING_CALL, place, message)
        else:
            findings.warning(Rule.BLOCKING_CALL, place, message)
