"""What a family declares and writes that does not go together, told by its class alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from pydantic.fields import FieldInfo

from app.workflows.checks.family_code import FamilyCode
from app.workflows.checks.findings import Findings, Rule
from app.workflows.contract.cron import Cron
from app.workflows.contract.job_family import AnyFamily, overridden


@dataclass(frozen=True, slots=True)
class DeliveryLimits:
    """Of an engine that waits for the answer to a delivery. A worker has none: its heartbeats go on
    beside its items, however long those take.

    Args:
        longest: that it waits on any plan.
        beside: what a delivery may take beside the item's own ``timeout``.
    """

    longest: timedelta
    beside: timedelta


def check_saved(code: FamilyCode, findings: Findings) -> None:
    if overridden(code.family, ("save", "existing")) == {"save"}:
        findings.warning(
            Rule.SAVE_WITHOUT_EXISTING,
            code.place_of("save"),
            "save() is written and existing is not, so that each run makes every result anew. Write"
            " existing = Remembered(), and Sluice remembers what it has ended well; or existing():"
            " which ids have what save() writes.",
        )


def check_timeout(code: FamilyCode, limits: DeliveryLimits | None, findings: Findings) -> None:
    """
    Args:
        limits: of the engine; None: it has none.
    """
    if limits is None:
        return
    needed = code.family.timeout + limits.beside
    if needed > limits.longest:
        findings.warning(
            Rule.TIMEOUT_TOO_LONG,
            code.place_of("timeout"),
            f"QStash is asked to wait {_minutes(needed)} for an item, and waits"
            f" {_minutes(limits.longest)} on its free plan. Make the timeout"
            f" {_minutes(limits.longest - limits.beside)} or less; a larger plan waits longer.",
        )


def check_schedule(code: FamilyCode, findings: Findings) -> bool:
    """Whether params that have no default are missing in the declared schedule: then no fire time
    could start a run, and the service does not start either."""
    cron: object = code.family.schedule
    if not isinstance(cron, Cron):
        return False
    missing = list(_missing(code.family, set(cron.params or {})))
    if missing:
        findings.error(
            Rule.SCHEDULE_WITHOUT_PARAMS,
            code.place_of("schedule"),
            f"The schedule names no {', '.join(missing)}, which have no default: nothing could"
            " start at its times. Give them in Cron(…, params={…}), or a default.",
        )
    return bool(missing)


def _missing(family: AnyFamily, given: set[str]) -> Iterator[str]:
    fields: dict[str, FieldInfo] = family.params.model_fields
    for name, one in fields.items():
        if one.is_required() and not given & {name, one.alias}:
            yield name


def _minutes(time: timedelta) -> str:
    return f"{time.total_seconds() / 60:g} min"
