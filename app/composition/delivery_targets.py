"""Where QStash delivers each flow key's messages, and what of its flow control holds for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from fractions import Fraction
from math import ceil

from app.api.workflows import routes_of
from app.config.run_bounds import LONGEST_PERIOD
from app.engine.qstash.target import DeliveryTarget
from app.errors import ConfigurationError
from app.flow.limits import FlowControl
from app.flow.overrides import EffectiveLimits
from app.workflows.contract.job_family import AnyFamily
from app.workflows.keys import Layer, flow_key, parse_flow_key
from app.workflows.messages import RunOnly
from app.workflows.worker.lanes import PAGES_AT_ONCE

BESIDE = timedelta(minutes=1)
"""What a delivery may take beside the family's own code: a place, a thread, what is written."""
OF_PAGES = timedelta(minutes=15)
"""For a process or a paginate message: what every plan of QStash gives."""
FINEST = 1_000_000_000
"""Parts of one, in which a rate is reckoned: a third is meant by 0.3333333333333333."""
NEAR = Fraction(98, 100)
"""Of a rate that is no whole number in whole seconds, so much at least is kept."""


class DeliveryTargets:
    """
    Args:
        items_at_once: of a key whose limits leave it open, since QStash would else call with all
            that there is.
    """

    def __init__(
        self, families: Sequence[AnyFamily], controls: EffectiveLimits, *, items_at_once: int
    ) -> None:
        """
        Raises:
            ConfigurationError: QStash cannot hold a limit that a family declares.
        """
        self._controls = controls
        self._items_at_once = items_at_once
        self._known = {key: place for family in families for key, place in _places(family)}
        for key in self._known:
            control = controls.default(controls.of(key).key)
            if control is not None and control.partitioned:
                raise ConfigurationError(
                    f"{key} limits each partition of its items, and QStash counts a message under"
                    " one key, whatever partition it is of. Leave per_partition and"
                    " rate_per_partition out, or run workers (SLUICE_ENGINE=postgres)."
                )
            if control is not None and _is_too_slow(control):
                raise ConfigurationError(
                    f"The flow key {key} is to start less than one a week ({control}), which QStash"
                    " cannot hold back for so long. Give it a higher rate, or keep"
                    " SLUICE_ENGINE=postgres."
                )

    def of(self, key: str) -> DeliveryTarget | None:
        """Where messages of this flow key go; None: no family here has it."""
        place = self._known.get(key)
        if place is None:
            return None
        path, timeout = place
        live = self._controls.of(key)
        control = live.control
        at_once = self._items_at_once
        if parse_flow_key(key)[1] is not Layer.EXECUTE:
            at_once = PAGES_AT_ONCE
        rate, period = whole_rate(control)
        parallelism = control.parallelism or at_once
        return DeliveryTarget(path, live.key, parallelism, rate, period, timeout)


def label(key: str, payload: bytes) -> str:
    """The label under which QStash's own console finds a run's messages."""
    return f"{parse_flow_key(key)[0]}.{RunOnly.model_validate_json(payload).run}"


def whole_rate(control: FlowControl) -> tuple[int | None, timedelta]:
    """The control's rate as QStash takes one: a whole number in whole seconds, a week at most. It
    lets no more begin than the control does, but for one in a period of less than a second and for
    less than one in a week; and hardly less."""
    if control.rate is None:
        return None, timedelta(seconds=1)
    rate = Fraction(control.rate).limit_denominator(FINEST) or Fraction(control.rate)
    period = Fraction(control.period // timedelta(microseconds=1), 1_000_000)
    if rate.denominator == period.denominator == 1:
        return int(rate), control.period
    pace = rate / period
    # In as few seconds as will do: QStash lets all of them begin together.
    for seconds in range(max(1, ceil(1 / pace)), LONGEST_PERIOD // timedelta(seconds=1)):
        starts = pace * seconds
        if int(starts) >= NEAR * starts:
            return int(starts), timedelta(seconds=seconds)
    return 1, LONGEST_PERIOD


def _places(family: AnyFamily) -> Iterator[tuple[str, tuple[str, timedelta]]]:
    routes = routes_of(family)
    for layer in Layer:
        timeout = family.timeout + BESIDE if layer is Layer.EXECUTE else OF_PAGES
        yield flow_key(family.name, layer), (routes[layer], timeout)


def _is_too_slow(control: FlowControl) -> bool:
    return control.interval is not None and control.interval > LONGEST_PERIOD
