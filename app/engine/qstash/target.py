"""Where messages of a flow key go, and how QStash is to deliver them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # to import it takes long
    from qstash.flow_control_api import PinFlowControlOptions

MOST_AT_ONCE = 10_000
MOST_STARTS = 1_000_000
"""In a second. They stand for no limit in a pin: a side that it left out would be as the messages
say."""


@dataclass(frozen=True, slots=True)
class DeliveryTarget:
    """
    Args:
        path: below ``APP_URL``, with the slash that it begins with.
        key: of QStash's flow control: letters, digits, ``-``, ``_`` and ``.``
        parallelism: deliveries at once; None: as many as there are.
        rate: deliveries that begin in each ``period``; None: as many as there are.
        timeout: in which a delivery must be answered.
    """

    path: str
    key: str
    parallelism: int | None = None
    rate: int | None = None
    period: timedelta = timedelta(seconds=1)
    timeout: timedelta = timedelta(minutes=15)

    @property
    def limits(self) -> str:
        """The limits in the form of ``Upstash-Flow-Control-Value``; "" if nothing is limited."""
        said = [] if self.parallelism is None else [f"parallelism={self.parallelism}"]
        if self.rate is not None:
            said += [f"rate={self.rate}", f"period={_seconds(self.period)}s"]
        return ", ".join(said)

    @property
    def pin(self) -> PinFlowControlOptions:
        """The same limits as a pin, which holds whatever the messages say."""
        return {
            "parallelism": MOST_AT_ONCE if self.parallelism is None else self.parallelism,
            "rate": MOST_STARTS if self.rate is None else self.rate,
            "period": _seconds(self.period),
        }

    @property
    def answer_within(self) -> str:
        """The time limit in the form of ``Upstash-Timeout``."""
        return f"{_seconds(self.timeout)}s"


TargetOf = Callable[[str], DeliveryTarget | None]
"""By flow key; None: it is nobody's here."""
LabelOf = Callable[[str, bytes], str]
"""How QStash's own console labels a message of this flow key, with this payload; "": not at all."""


def _seconds(length: timedelta) -> int:
    """At least so many, and one at least."""
    return max(1, -(-length // timedelta(seconds=1)))
