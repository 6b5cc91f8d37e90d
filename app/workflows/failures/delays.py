"""How long anything waits: whatever asks for a delay goes through here."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.workflows.contract.exceptions import StepMisused

SHORTEST = timedelta(seconds=1)
"""About so long waits what asked to be tried again at once: the moment from which an API takes
calls again has passed by our clock, and may be still to come by its own."""
LONGEST = timedelta(days=365)
"""Who asks for more has taken milliseconds for seconds, or a moment for a span."""


def before_retry(asked: timedelta, chance: float) -> timedelta:
    """Before something is tried again.

    Args:
        chance: uniform in [0, 1): what was put off together must not come back together.
    """
    if asked <= timedelta(0):
        return SHORTEST * (0.5 + chance)
    return min(asked, LONGEST)


def remark(asked: timedelta) -> str:
    """What is to be said of a retry that does not come when it was asked for; empty: nothing."""
    if asked <= LONGEST:
        return ""
    return f" (It asked to wait for {asked.days:,} days. It waits for {LONGEST.days}, the longest.)"


def of_step(name: str, what: str, asked: object) -> timedelta:
    """How long a step shall wait. A moment that has passed is no wait.

    Raises:
        StepMisused: that is no delay, or longer than anything waits.
    """
    if not isinstance(asked, timedelta):
        raise StepMisused(
            f"The {what} of step {name!r} is a timedelta, such as timedelta(hours=1), and not"
            f" {type(asked).__name__}."
        )
    if asked > LONGEST:
        raise StepMisused(
            f"The {what} of step {name!r} is {asked.days:,} days, and nothing waits longer than"
            f" {LONGEST.days}."
        )
    return max(asked, timedelta(0))


def check_moment(name: str, asked: object) -> None:
    """
    Raises:
        StepMisused: that is no moment, or nobody knows which one it is.
    """
    if not isinstance(asked, datetime):
        raise StepMisused(
            f"Step {name!r} sleeps until a datetime, such as datetime(2030, 1, 1, tzinfo=UTC), and"
            f" not {type(asked).__name__}."
        )
    if asked.utcoffset() is None:
        raise StepMisused(
            f"Step {name!r} sleeps until {asked.isoformat()}, which is another moment in each time"
            " zone. Give it one, as tzinfo=UTC or tzinfo=ZoneInfo('Europe/Madrid')."
        )
