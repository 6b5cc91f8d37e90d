"""``sluice flow``: see what limits each flow key, and change it while work is under way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated
from urllib.parse import quote, urlencode

import typer
from pydantic import JsonValue
from rich.console import Console

from app.cli.api_client import ApiClient, open_api
from app.cli.input.limits import Rate, parse_parallelism, parse_rate
from app.cli.options import FlowKey, Json, Note
from app.cli.output.console import add, number, open_console, print_json, printable, table, when
from app.cli.paths import noted, noted_path
from app.errors import BadInput
from app.flow.limits import FlowControl
from app.schemas.flow_control import (
    FlowAnswer,
    FlowPartitionsAnswer,
    FlowPartitionView,
    FlowsAnswer,
    FlowView,
)

PATH = "/api/flow-control"
Partition = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Only of this partition (a tenant, an account)."),
]

commands = typer.Typer()
flow = typer.Typer(
    help="Show the limits of each flow key, and change them while work is under way.",
    invoke_without_command=True,
)
commands.add_typer(flow, name="flow")


@flow.callback()
def list_flow(context: typer.Context, *, as_json: Json = False) -> None:
    """List every flow key: its limits, what is at work and what waits; or change one."""
    if context.invoked_subcommand is not None:
        return
    with open_api() as api:
        answer = api.get(FlowsAnswer, PATH)
    console = open_console()
    if as_json:
        print_json(console, answer.raw)
        return
    numbers = ("Active", "Waiting", "Started")
    made = table("Key", "Limits", "Source", "Paused", *numbers, right=numbers)
    for one in answer.found.flow_control:
        counted = (number(one.active), number(one.waiting), number(one.started))
        add(made, one.key, _limits(one), one.source, "yes" if one.paused else "no", *counted)
    console.print(made)
    _print_holds(console, answer.found.flow_control)


@flow.command("partitions")
def list_partitions(
    key: FlowKey,
    *,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many at most.")] = 20,
    as_json: Json = False,
) -> None:
    """List partitions of a key whose limits were set, and the fullest."""
    with open_api() as api:
        _find(api, key)
        answer = api.get(FlowPartitionsAnswer, f"{_path(key)}/partitions", limit=limit)
    console = open_console()
    if as_json:
        print_json(console, answer.raw)
        return
    numbers = ("Active", "Waiting")
    made = table("Partition", "Limits", "Source", *numbers, right=numbers)
    for one in answer.found.partitions:
        counted = (number(one.active), number(one.waiting))
        add(made, one.partition, _limits_of_one(one), one.source, *counted)
    console.print(made)


@flow.command("set")
def set_flow(
    key: FlowKey,
    *,
    parallelism: Annotated[
        str | None, typer.Option(metavar="N", help="At work at once; none: not limited.")
    ] = None,
    rate: Annotated[
        str | None,
        typer.Option(
            metavar="N/PERIOD", help="Starts, such as 2/s, 100/m, 5/h, 100/30s; none: not limited."
        ),
    ] = None,
    partition: Partition = None,
    note: Note = None,
    as_json: Json = False,
) -> None:
    """Put limits in force in place of the code's; what is not named stays as it is."""
    if parallelism is None and rate is None:
        raise BadInput("Say what to set: --parallelism, --rate or both.")
    at_once = None if parallelism is None else (parse_parallelism("--parallelism", parallelism),)
    starts = None if rate is None else parse_rate("--rate", rate)
    with open_api() as api:
        now = _find(api, key) if partition is None else _find_partition(api, key, partition)
        pace = starts or Rate(now.rate, now.period_seconds)
        body: dict[str, JsonValue] = {
            "parallelism": at_once[0] if at_once else now.parallelism,
            "rate": pace.starts,
            "periodSeconds": pace.period_seconds,
            **noted(note),
        }
        if partition is None:
            _change(api, "PUT", key, body=body, as_json=as_json)
        else:
            body["partition"] = partition
            _change_partition(api, "PUT", f"{_path(key)}/partitions", body, as_json=as_json)


@flow.command("pause")
def pause_flow(key: FlowKey, *, note: Note = None, as_json: Json = False) -> None:
    """Let nothing of this key begin; what is at work ends."""
    with open_api() as api:
        _find(api, key)
        _change(api, "POST", key, "/pause", body=noted(note), as_json=as_json)


@flow.command("resume")
def resume_flow(key: FlowKey, *, note: Note = None, as_json: Json = False) -> None:
    """Let it begin again."""
    with open_api() as api:
        _find(api, key)
        _change(api, "POST", key, "/resume", body=noted(note), as_json=as_json)


@flow.command("lift")
def lift_flow(key: FlowKey, *, note: Note = None, as_json: Json = False) -> None:
    """Let it go on before the time that whoever is called has named."""
    with open_api() as api:
        _find(api, key)
        _change(api, "POST", key, "/lift", body=noted(note), as_json=as_json)


@flow.command("reset")
def reset_flow(
    key: FlowKey, *, partition: Partition = None, note: Note = None, as_json: Json = False
) -> None:
    """Return to the limits that the code declares; a pause stays."""
    with open_api() as api:
        _find(api, key)
        if partition is None:
            _change(api, "DELETE", key, noted_path("", note), as_json=as_json)
            return
        asked = {"partition": partition} if note is None else {"partition": partition, "note": note}
        path = f"{_path(key)}/partitions?{urlencode(asked)}"
        _change_partition(api, "DELETE", path, as_json=as_json)


def _limits(flow: FlowView) -> str:
    return str(
        FlowControl(
            parallelism=flow.parallelism,
            rate=flow.rate,
            period=timedelta(seconds=flow.period_seconds),
            per_partition=flow.per_partition,
            # Of the code's period, which a pin hides.
            rate_per_partition=flow.rate_per_partition if flow.source == "code" else None,
        )
    )


def _limits_of_one(partition: FlowPartitionView) -> str:
    period = timedelta(seconds=partition.period_seconds)
    return str(FlowControl(parallelism=partition.parallelism, rate=partition.rate, period=period))


def _path(key: str) -> str:
    return f"{PATH}/{quote(key, safe='')}"


def _find(api: ApiClient, key: str) -> FlowView:
    """
    Raises:
        BadInput: there is no such key.
    """
    there = api.get(FlowsAnswer, PATH).found.flow_control
    now = next((one for one in there if one.key == key), None)
    if now is None:
        known = ", ".join(printable(one.key) for one in there) or "none"
        raise BadInput(f"There is no flow key {printable(key)!r}. Known are: {known}.")
    return now


def _find_partition(api: ApiClient, key: str, name: str) -> FlowPartitionView:
    """
    Raises:
        BadInput: there is no such key.
    """
    _find(api, key)
    answer = api.get(FlowPartitionsAnswer, f"{_path(key)}/partitions", partition=name)
    return answer.found.partitions[0]


def _change(
    api: ApiClient,
    method: str,
    key: str,
    action: str = "",
    *,
    body: dict[str, JsonValue] | None = None,
    as_json: bool,
) -> None:
    answer = api.send(FlowAnswer, method, f"{_path(key)}{action}", body)
    console = open_console()
    if as_json:
        print_json(console, answer.raw)
        return
    now = answer.found.flow_control
    paused = ", paused" if now.paused else ""
    console.print(f"{printable(now.key)}: {_limits(now)} ({now.source}{paused})")
    _print_holds(console, [now])


def _change_partition(
    api: ApiClient,
    method: str,
    path: str,
    body: dict[str, JsonValue] | None = None,
    *,
    as_json: bool,
) -> None:
    answer = api.send(FlowPartitionsAnswer, method, path, body)
    console = open_console()
    if as_json:
        print_json(console, answer.raw)
        return
    [now] = answer.found.partitions
    console.print(f"{printable(now.partition)}: {_limits_of_one(now)} ({now.source})")


def _print_holds(console: Console, flows: Sequence[FlowView]) -> None:
    # Once for a family: it holds all of its flow keys.
    held = {hold.key: hold for one in flows for hold in one.throttled}
    for key, hold in held.items():
        until = "" if hold.until is None else f" until {when(hold.until)}"
        console.print(printable(f"{key} throttled{until}: {hold.reason}"))
