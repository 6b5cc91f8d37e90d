"""``sluice qstash status``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import typer
from pydantic import JsonValue
from qstash.flow_control_api import FlowControlInfo
from rich.console import Console

from app.cli.output.console import add, number, open_console, summary, table, when
from app.cli.qstash.account import SCHEDULE, AsJson, QStashAccount, open_account
from app.cli.qstash.answers import AccountDeadLetter, AccountSchedule
from app.cli.qstash.dead_letters import ServiceDeadLetters, read_dead_letters
from app.engine.qstash.faults import calling_qstash
from app.engine.qstash.flow_control import QStashFlowControl
from app.engine.qstash.target import MOST_AT_ONCE, MOST_STARTS
from app.redaction.redactor import redacted
from app.workflows.keys import Layer, flow_key
from app.workflows.registry.discovery import discover_families

NEWEST = 10
"""Dead letters that are shown."""
MOST_COUNTED = 1_000
"""Of the account."""

commands = typer.Typer()


@dataclass(frozen=True, slots=True)
class _Status:
    keys: list[FlowControlInfo]
    schedules: list[AccountSchedule]
    dead: ServiceDeadLetters


@commands.command("status")
def status(*, as_json: AsJson = False) -> None:
    """Show what QStash has of this service: what waits and runs by flow key, the schedule that
    calls it, and the messages that were given up."""
    found = asyncio.run(_read())
    console = open_console()
    if as_json:
        console.out(json.dumps(_json(found), indent=2, ensure_ascii=False), highlight=False)
    else:
        _print(console, found)


async def _read() -> _Status:
    ours = _flow_keys()
    async with open_account() as account:
        keys = await QStashFlowControl(account.client).keys()
        return _Status(
            [info for name, info in sorted(keys.items()) if name in ours],
            await _schedules(account),
            await read_dead_letters(account, MOST_COUNTED),
        )


def _flow_keys() -> set[str]:
    return {
        family.flow.of(layer).key or flow_key(family.name, layer)
        for family in discover_families().values()
        for layer in Layer
    }


async def _schedules(account: QStashAccount) -> list[AccountSchedule]:
    async with calling_qstash():
        told = await account.client.http.request(path="/v2/schedules", method="GET")
        found = [AccountSchedule.model_validate(one) for one in told]
    return [one for one in found if account.is_ours(one.destination) or one.schedule_id == SCHEDULE]


def _print(console: Console, found: _Status) -> None:
    numbers = ("Waiting", "At once", "Starts")
    keys = table("Flow key", *numbers, "State", right=numbers)
    for one in found.keys:
        add(keys, one.key, number(one.wait_list_size), _at_once(one), _starts(one), _state(one))
    if found.keys:
        console.print(keys)
    else:
        console.print("QStash knows no flow key of this service yet: nothing was published.")
    schedules = table("Schedule", "Calls", "Cron", "State", "Last", "Next")
    for schedule in found.schedules:
        state = "paused" if schedule.is_paused else schedule.error or "on"
        times = (_when(schedule.last_schedule_time), _when(schedule.next_schedule_time))
        add(schedules, schedule.schedule_id, schedule.destination, schedule.cron, state, *times)
    if found.schedules:
        console.print(schedules)
    if all(one.schedule_id != SCHEDULE for one in found.schedules):
        console.print("QStash does not call this service each minute: sluice qstash setup")
    _print_dead(console, found.dead)


def _print_dead(console: Console, dead: ServiceDeadLetters) -> None:
    if not dead.ours:
        console.print("No dead letters." if dead.whole else "No dead letters among the newest.")
        return
    least = "" if dead.whole else " or more"
    noun = "dead letter" if len(dead.ours) == 1 else "dead letters"
    newest = f", the newest {NEWEST}" if len(dead.ours) > NEWEST else ""
    console.print(f"{number(len(dead.ours))}{least} {noun}{newest}:")
    shown = table("Id", "Created", "Status", "Path", "Label", "Answer", right=("Status",))
    for one in dead.ours[:NEWEST]:
        path = urlsplit(one.url).path
        add(shown, one.dlq_id, _when(one.created_at), _status(one), path, one.label, _answer(one))
    console.print(shown)


def _at_once(info: FlowControlInfo) -> str:
    return _of(info.parallelism_count, info.parallelism_max, MOST_AT_ONCE)


def _starts(info: FlowControlInfo) -> str:
    told = _of(info.rate_count, info.rate_max, MOST_STARTS)
    return f"{told} in {number(info.rate_period)} s" if info.rate_max else told


def _of(used: int, most: int, unlimited: int) -> str:
    return f"{number(used)} of {number(most)}" if 0 < most < unlimited else number(used)


def _state(info: FlowControlInfo) -> str | None:
    pinned = info.is_pinned_parallelism or info.is_pinned_rate
    words = ["paused"] * info.is_paused + ["pinned"] * pinned
    return ", ".join(words) or None


def _status(letter: AccountDeadLetter) -> int | None:
    return letter.response_status or None


def _answer(letter: AccountDeadLetter) -> str | None:
    return summary(redacted(letter.response_body)) if letter.response_body else None


def _when(milliseconds: int | None) -> str | None:
    return when(_moment(milliseconds)) if milliseconds else None


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _json(found: _Status) -> dict[str, JsonValue]:
    return {
        "success": True,
        "flowControl": [_key_json(one) for one in found.keys],
        "schedules": [_schedule_json(one) for one in found.schedules],
        "deadLetters": {
            "count": len(found.dead.ours),
            "more": not found.dead.whole,
            "newest": list(_dead_json(found.dead.ours[:NEWEST])),
        },
    }


def _key_json(info: FlowControlInfo) -> dict[str, JsonValue]:
    return {
        "key": info.key,
        "waiting": info.wait_list_size,
        "active": info.parallelism_count,
        "parallelism": info.parallelism_max or None,
        "started": info.rate_count,
        "rate": info.rate_max or None,
        "periodSeconds": info.rate_period or None,
        "paused": info.is_paused,
        "pinned": info.is_pinned_parallelism or info.is_pinned_rate,
    }


def _schedule_json(schedule: AccountSchedule) -> dict[str, JsonValue]:
    return {
        "id": schedule.schedule_id,
        "destination": schedule.destination,
        "cron": schedule.cron,
        "paused": schedule.is_paused,
        "lastAt": _iso(schedule.last_schedule_time),
        "nextAt": _iso(schedule.next_schedule_time),
        "error": schedule.error,
    }


def _dead_json(letters: Iterable[AccountDeadLetter]) -> Iterable[dict[str, JsonValue]]:
    for one in letters:
        yield {
            "id": one.dlq_id,
            "messageId": one.message_id,
            "url": one.url,
            "createdAt": _iso(one.created_at),
            "status": _status(one),
            "label": one.label,
            "answer": _answer(one),
        }


def _iso(milliseconds: int | None) -> str | None:
    return _moment(milliseconds).isoformat() if milliseconds else None
