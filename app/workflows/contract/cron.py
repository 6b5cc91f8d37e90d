"""A family's own schedule, as its author declares it, and what happens to runs that overlap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from enum import StrEnum
from typing import Any

from app.workflows.contract.cron_expression import check_expression, check_zone


class Overlap(StrEnum):
    """What happens to a new run of a family that has an active one."""

    SKIP = "skip"  # it is refused
    QUEUE = "queue"  # it waits until that one has ended
    ALLOW = "allow"  # it goes beside it; an item is never at work in both at once


class CatchUp(StrEnum):
    """What happens to fire times that passed while nothing could start them."""

    ONE = "one"  # together they make one run, as soon as there is a worker
    NONE = "none"  # they are left out


@dataclass(frozen=True, slots=True)
class Cron:
    """When runs of the family start by themselves: ``Cron("0 3 * * *", tz="Europe/Berlin")``.

    The five fields are minute, hour, day of the month, month and day of the week. They take ``*``,
    lists, ranges, steps and names (``MON-FRI``); ``L`` and ``LW`` for the last day and last working
    day of the month, ``5L`` for the last Friday and ``MON#2`` for the second Monday. If both a day
    of the month and a day of the week are named, either is enough.

    Raises:
        ConfigurationError: the expression or the zone is misspelt; the message says at which
            character.
    """

    expression: str
    _: KW_ONLY
    tz: str = "UTC"
    """A name of the IANA database."""
    params: Mapping[str, Any] | None = None  # of the family's own shape
    """The family's params, by their names in Python or over HTTP."""
    force: bool = False
    limit: int | None = None
    priority: int | None = None
    """The priority of its runs; None: the family's."""
    catch_up: CatchUp = CatchUp.ONE

    def __post_init__(self) -> None:
        check_expression(self.expression)
        check_zone(self.tz)
