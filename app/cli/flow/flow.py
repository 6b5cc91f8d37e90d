"""``sluice flow``: see what limits each flow key, and change it while work is under way."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

import typer
from pydantic import JsonValue

from app.cli.api_client import open_api
from app.cli.flow.flow_keys import (
    PATH,
    change_key,
    change_partition,
    find_key,
    find_partition,
    path_of,
)
from app.cli.flow.flow_limits import limits_of, limits_of_partition, print_holds
from app.cli.input.limits import Rate, parse_parallelism, parse_rate
from app.cli.options import FlowKey, Json, Note
from app.cli.output.console import add, number, open_console, print_json, table
from app.cli.paths import noted, noted_path
from app.errors import BadInput
from app.schemas.flow_control import (
    FlowPartitionsAnswer,
    FlowsAnswer,
)

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
        waiting = None if one.waiting is None else one.waiting + one.waiting_apart
        counted = (number(one.active), number(waiting), number(one.started))
        add(made, one.key, limits_of(one), one.source, "yes" if one.paused else "no", *counted)
    console.print(made)
    print_holds(console, answer.found.flow_control)


@flow.command("partitions")
def list_partitions(
    key: FlowKey,
    *,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many at most.")] = 20,
    as_json: Json = False,
) -> None:
    """List partitions of a key whose limits were set, and the fullest."""
    with open_api() as api:
        find_key(api, key)
        answer = api.get(FlowPartitionsAnswer, f"{path_of(key)}/partitions", limit=limit)
    console = open_console()
    if as_json:
        print_json(console, answer.raw)
        return
    numbers = ("Active", "Waiting")
    made = table("Partition", "Limits", "Source", *numbers, right=numbers)
    for one in answer.found.partitions:
        counted = (number(one.active), number(one.waiting))
        add(made, one.partition, limits_of_partition(one), one.source, *counted)
    nothing = "No partition has items at work or waiting, or limits of its own."
    console.print(made if answer.found.partitions else nothing)


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
    """Put limits in force in place of the code's; what is not named stays as it is. Items of a
    partition that were put off follow within a minute."""
    if parallelism is None and rate is None:
        raise BadInput("Say what to set: --parallelism, --rate or both.")
    at_once = None if parallelism is None else (parse_parallelism("--parallelism", parallelism),)
    starts = None if rate is None else parse_rate("--rate", rate)
    with open_api() as api:
        now = find_key(api, key) if partition is None else find_partition(api, key, partition)
        pace = starts or Rate(now.rate, now.period_seconds)
        body: dict[str, JsonValue] = {
            "parallelism": at_once[0] if at_once else now.parallelism,
            "rate": pace.starts,
            "periodSeconds": pace.period_seconds,
            **noted(note),
        }
        if partition is None:
            change_key(api, "PUT", key, body=body, as_json=as_json)
        else:
            body["partition"] = partition
            change_partition(api, "PUT", f"{path_of(key)}/partitions", body, as_json=as_json)


@flow.command("pause")
def pause_flow(key: FlowKey, *, note: Note = None, as_json: Json = False) -> None:
    """Let nothing of this key begin; what is at work ends."""
    with open_api() as api:
        find_key(api, key)
        change_key(api, "POST", key, "/pause", body=noted(note), as_json=as_json)


@flow.command("resume")
def resume_flow(key: FlowKey, *, note: Note = None, as_json: Json = False) -> None:
    """Let it begin again."""
    with open_api() as api:
        find_key(api, key)
        change_key(api, "POST", key, "/resume", body=noted(note), as_json=as_json)


@flow.command("lift")
def lift_flow(key: FlowKey, *, note: Note = None, as_json: Json = False) -> None:
    """Let it go on before the time that whoever is called has named."""
    with open_api() as api:
        find_key(api, key)
        change_key(api, "POST", key, "/lift", body=noted(note), as_json=as_json)


@flow.command("reset")
def reset_flow(
    key: FlowKey, *, partition: Partition = None, note: Note = None, as_json: Json = False
) -> None:
    """Return to the limits that the code declares; a pause stays. Items of a partition that were
    put off follow within a minute."""
    with open_api() as api:
        find_key(api, key)
        if partition is None:
            change_key(api, "DELETE", key, noted_path("", note), as_json=as_json)
            return
        asked = {"partition": partition} if note is None else {"partition": partition, "note": note}
        path = f"{path_of(key)}/partitions?{urlencode(asked)}"
        change_partition(api, "DELETE", path, as_json=as_json)
