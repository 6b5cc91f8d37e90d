"""``sluice flow``: see what limits each flow key, and change it while work is under way."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

from pydantic import JsonValue

from app.cli.api_client import ApiClient, open_api
from app.cli.output.console import add, number, open_console, print_json, printable, table
from app.errors import BadInput
from app.flow.limits import FlowControl
from app.schemas.flow_control import FlowAnswer, FlowsAnswer, FlowView
from app.settings import load_settings

PATH = "/api/flow-control"
_RATE = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)/([0-9]{1,9}(?:\.[0-9]{1,9})?)?([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True, slots=True)
class Rate:
    """``None``: no rate."""

    starts: float | None
    period_seconds: float = 1


Change = Callable[[ApiClient, FlowView], Awaitable[bytes]]
"""Given what is in force, asks for something else; the service's answer."""


def _limits(flow: FlowView) -> str:
    period = timedelta(seconds=flow.period_seconds)
    return str(FlowControl(parallelism=flow.parallelism, rate=flow.rate, period=period))


def list_flow(*, as_json: bool) -> None:
    answer, found = asyncio.run(_list())
    console = open_console()
    if as_json:
        print_json(console, answer)
        return
    numbers = ("Active", "Waiting", "Started")
    made = table("Key", "Limits", "Source", "Paused", *numbers, right=numbers)
    for one in found.flow_control:
        counted = (number(one.active), number(one.waiting), number(one.started))
        add(made, one.key, _limits(one), one.source, "yes" if one.paused else "no", *counted)
    console.print(made)


async def _list() -> tuple[bytes, FlowsAnswer]:
    async with open_api(load_settings()) as api:
        answer = await api.get(PATH)
        return answer, api.read(FlowsAnswer, answer)


def set_flow(key: str, *, parallelism: str | None, rate: str | None, as_json: bool) -> None:
    """What is None keeps its present value."""
    if parallelism is None and rate is None:
        raise BadInput("Say what to set: --parallelism, --rate or both.")
    at_once = None if parallelism is None else (parse_parallelism(parallelism),)
    starts = None if rate is None else parse_rate(rate)

    async def change(api: ApiClient, now: FlowView) -> bytes:
        pace = starts or Rate(now.rate, now.period_seconds)
        body: dict[str, JsonValue] = {
            "parallelism": at_once[0] if at_once else now.parallelism,
            "rate": pace.starts,
            "periodSeconds": pace.period_seconds,
        }
        return await api.send("PUT", _path(key), body)

    _change(key, change, as_json=as_json)


def reset_flow(key: str, *, as_json: bool) -> None:
    _change(key, lambda api, _: api.send("DELETE", _path(key)), as_json=as_json)


def pause_flow(key: str, *, paused: bool, as_json: bool) -> None:
    verb = "pause" if paused else "resume"
    _change(key, lambda api, _: api.post(f"{_path(key)}/{verb}", {}), as_json=as_json)


def parse_parallelism(text: str) -> int | None:
    """
    Raises:
        BadInput: neither a whole number above 0 nor ``none``.
    """
    if text.strip().lower() == "none":
        return None
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) == 0:
        raise BadInput(
            f"--parallelism: it must be a whole number of 1 or more, or none, not {text[:60]!r}."
        )
    return int(text)


def parse_rate(text: str) -> Rate:
    """Read ``2/s``, ``0.5/m`` or ``100/30s``.

    Raises:
        BadInput: neither a rate above 0 nor ``none``.
    """
    if text.strip().lower() == "none":
        return Rate(None)
    found = _RATE.fullmatch(text.replace(" ", "").lower())
    rate = Rate(float(found[1]), float(found[2] or 1) * _SECONDS[found[3]]) if found else None
    if rate is None or not rate.starts or not rate.period_seconds:
        raise BadInput(
            "--rate: it must be starts in a period, both above 0, such as 2/s, 100/m, 5/h or"
            f" 100/30s, or none, not {text[:60]!r}."
        )
    return rate


def _change(key: str, change: Change, *, as_json: bool) -> None:
    answer, now = asyncio.run(_changed(key, change))
    console = open_console()
    if as_json:
        print_json(console, answer)
    else:
        paused = ", paused" if now.paused else ""
        console.print(f"{printable(now.key)}: {_limits(now)} ({now.source}{paused})")


async def _changed(key: str, change: Change) -> tuple[bytes, FlowView]:
    async with open_api(load_settings()) as api:
        there = api.read(FlowsAnswer, await api.get(PATH)).flow_control
        now = next((one for one in there if one.key == key), None)
        if now is None:
            known = ", ".join(printable(one.key) for one in there) or "none"
            raise BadInput(f"There is no flow key {printable(key)!r}. Known are: {known}.")
        answer = await change(api, now)
        return answer, api.read(FlowAnswer, answer).flow_control


def _path(key: str) -> str:
    return f"{PATH}/{quote(key, safe='')}"
