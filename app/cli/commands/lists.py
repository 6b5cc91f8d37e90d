"""``sluice families`` and ``sluice runs``: what there is, for people and for scripts."""

from __future__ import annotations

import asyncio

from app.cli.api_client import open_api
from app.cli.output.console import add, number, open_console, print_json, printable, table
from app.cli.output.run_summary import total_of
from app.schemas.families import FamiliesAnswer
from app.schemas.runs import RunsAnswer
from app.settings import load_settings
from app.workflows.registry.family_files import restart


def list_families(*, as_json: bool) -> None:
    answer, found = asyncio.run(_families())
    console = open_console()
    if as_json:
        print_json(console, answer)
        return
    made = table("Family", "Works on", "Params", "At once", "Starts/s", "What it does")
    for family in found.families:
        execute = next((line for line in family.flow if line.key.endswith(".execute")), None)
        properties = family.params.get("properties")
        add(
            made,
            family.name,
            family.entities,
            ", ".join(properties) if isinstance(properties, dict) and properties else None,
            execute and execute.parallelism,
            f"{execute.rate / execute.period_seconds:g}" if execute and execute.rate else None,
            family.description.splitlines()[0] if family.description else None,
        )
    console.print(made)
    if found.newer_files:
        console.print(printable(restart(found.newer_files).strip()))


async def _families() -> tuple[bytes, FamiliesAnswer]:
    async with open_api(load_settings()) as api:
        answer = await api.get("/api/families")
        return answer, api.read(FamiliesAnswer, answer)


def list_runs(*, family: str | None, status: str | None, limit: int, as_json: bool) -> None:
    answer, found = asyncio.run(_runs(family, status, limit))
    console = open_console()
    if as_json:
        print_json(console, answer)
        return
    if not found.runs:
        console.print("There are no such runs yet.")
        return
    numbers = ("Ended", "Of", "Failed")
    made = table(
        "Run", "Family", "Status", *numbers, "Started by", "Created", "Reason", right=numbers
    )
    for one in found.runs:
        add(
            made,
            one.id,
            one.family,
            one.status,
            number(one.ended),
            number(total_of(one)),
            number(one.counters.failed + one.counters.timed_out),
            one.started_by,
            f"{one.created_at.astimezone():%Y-%m-%d %H:%M:%S}",
            one.detail,
        )
    console.print(made)


async def _runs(family: str | None, status: str | None, limit: int) -> tuple[bytes, RunsAnswer]:
    async with open_api(load_settings()) as api:
        answer = await api.get("/api/runs", family=family, status=status, limit=limit)
        return answer, api.read(RunsAnswer, answer)
