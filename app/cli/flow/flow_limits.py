"""What limits a flow key or one of its partitions, and what holds it, in words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from rich.console import Console

from app.cli.output.console import printable, when
from app.flow.limits import FlowControl
from app.schemas.flow_control import FlowPartitionView, FlowView


def limits_of(flow: FlowView) -> str:
    period = timedelta(seconds=flow.period_seconds)
    control = FlowControl(parallelism=flow.parallelism, rate=flow.rate, period=period)
    words = [] if control.open else [str(control)]
    if flow.partition_period_seconds is not None:
        each = FlowControl(
            parallelism=flow.per_partition,
            rate=flow.rate_per_partition,
            period=timedelta(seconds=flow.partition_period_seconds),
        )
        words.append(f"{each} of each partition")
    return ", ".join(words) or str(control)


def limits_of_partition(partition: FlowPartitionView) -> str:
    period = timedelta(seconds=partition.period_seconds)
    return str(FlowControl(parallelism=partition.parallelism, rate=partition.rate, period=period))


def print_holds(console: Console, flows: Sequence[FlowView]) -> None:
    # Once for a family: it holds all of its flow keys.
    held = {hold.key: hold for one in flows for hold in one.throttled}
    for key, hold in held.items():
        until = "" if hold.until is None else f" until {when(hold.until)}"
        console.print(printable(f"{key} throttled{until}: {hold.reason}"))
