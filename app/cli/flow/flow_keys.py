"""Flow keys and partitions of them, found and changed through the API."""

from __future__ import annotations

from urllib.parse import quote

from pydantic import JsonValue

from app.cli.api_client import ApiClient
from app.cli.flow.flow_limits import limits_of, limits_of_partition, print_holds
from app.cli.output.console import open_console, print_done, print_json, printable
from app.errors import BadInput
from app.schemas.flow_control import (
    FlowAnswer,
    FlowPartitionsAnswer,
    FlowPartitionView,
    FlowsAnswer,
    FlowView,
)

PATH = "/api/flow-control"
WHEN = "Workers follow within a second, and within a minute for items of it that were put off."


def path_of(key: str) -> str:
    return f"{PATH}/{quote(key, safe='')}"


def find_key(api: ApiClient, key: str) -> FlowView:
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


def find_partition(api: ApiClient, key: str, name: str) -> FlowPartitionView:
    """
    Raises:
        BadInput: there is no such key.
    """
    find_key(api, key)
    answer = api.get(FlowPartitionsAnswer, f"{path_of(key)}/partitions", partition=name)
    return answer.found.partitions[0]


def change_key(
    api: ApiClient,
    method: str,
    key: str,
    action: str = "",
    *,
    body: dict[str, JsonValue] | None = None,
    as_json: bool,
) -> None:
    answer = api.send(FlowAnswer, method, f"{path_of(key)}{action}", body)
    console = open_console()
    if as_json:
        print_json(console, answer.raw)
        return
    now = answer.found.flow_control
    paused = ", paused" if now.paused else ""
    console.print(f"{printable(now.key)}: {limits_of(now)} ({now.source}{paused})")
    print_holds(console, [now])


def change_partition(
    api: ApiClient,
    method: str,
    path: str,
    body: dict[str, JsonValue] | None = None,
    *,
    as_json: bool,
) -> None:
    answer = api.send(FlowPartitionsAnswer, method, path, body)
    [now] = answer.found.partitions
    limits = f"{printable(now.partition)}: {limits_of_partition(now)} ({now.source})"
    print_done(answer.raw, f"{limits}\n{WHEN}", as_json=as_json)
