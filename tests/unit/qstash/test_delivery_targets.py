"""Where QStash delivers, and what of its flow control holds there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.composition.delivery_targets import DeliveryTargets, label, whole_rate
from app.config.run_bounds import LONGEST_PERIOD
from app.engine.qstash.target import DeliveryTarget
from app.errors import ConfigurationError
from app.flow.limits import FlowControl
from app.flow.overrides import EffectiveLimits, Override, Standing
from app.workflows.contract.job_family import AnyFamily, JobFamily
from app.workflows.contract.parts.entity import Entity
from app.workflows.contract.parts.flow import Flow
from app.workflows.keys import Layer, flow_key

SECOND = timedelta(seconds=1)


class Welcome(JobFamily):  # type: ignore[type-arg]  # it is never called
    name = "welcome"
    entity = Entity("user", "users")
    verb = "generate"
    timeout = timedelta(minutes=2)
    flow = Flow(
        paginate=FlowControl(rate=10, period=timedelta(minutes=1), key="crm"),
        execute=FlowControl(parallelism=3, rate=2.5),
    )


async def targets(
    family: AnyFamily, overrides: Mapping[str, Override] | None = None
) -> DeliveryTargets:
    async def load() -> Standing:
        return Standing(overrides or {})

    declared = {flow_key(family.name, layer): family.flow.of(layer) for layer in Layer}
    controls = EffectiveLimits(declared, load)
    await controls.refresh()
    return DeliveryTargets([family], controls, items_at_once=100)


async def test_limits_of_partitions_are_refused_and_what_to_do_is_said() -> None:
    class PerTenant(Welcome):
        flow = Flow(execute=FlowControl(per_partition=2))

    with pytest.raises(ConfigurationError) as refused:
        await targets(PerTenant())
    for said in (
        "welcome.execute limits each partition",
        "per_partition",
        "SLUICE_ENGINE=postgres",
    ):
        assert said in refused.value.detail


async def test_each_layer_is_called_at_its_own_route_with_its_own_limits() -> None:
    known = await targets(Welcome())
    minutes, base = timedelta(minutes=15), "/api/workflows/welcome"
    assert known.of("welcome.process") == DeliveryTarget(
        f"{base}/process-users", "welcome.process", 40, None, SECOND, minutes
    )
    assert known.of("welcome.paginate") == DeliveryTarget(
        f"{base}/paginate-users", "crm", 40, 10, timedelta(minutes=1), minutes
    )
    assert known.of("welcome.execute") == DeliveryTarget(
        f"{base}/generate-user", "welcome.execute", 3, 5, timedelta(seconds=2), timedelta(minutes=3)
    )
    assert known.of("other.execute") is None


async def test_what_an_operator_has_pinned_goes_with_what_is_sent_from_then_on() -> None:
    pinned = Override(FlowControl(parallelism=7), paused=False)
    found = (await targets(Welcome(), {"welcome.execute": pinned})).of("welcome.execute")
    assert found is not None
    assert found.limits == "parallelism=7"


async def test_a_limit_that_qstash_cannot_hold_stops_the_start() -> None:
    class Slow(Welcome):
        flow = Flow(execute=FlowControl(rate=1 / 8, period=timedelta(days=1)))

    with pytest.raises(
        ConfigurationError, match=r"welcome\.execute is to start less than one a we"
    ):
        await targets(Slow())


def test_a_message_is_labelled_with_its_family_and_run() -> None:
    assert label("welcome.execute", b'{"run": "run_1", "items": ["a"]}') == "welcome.run_1"


@pytest.mark.parametrize(
    ("rate", "period", "told"),
    [
        (10, SECOND, (10, SECOND)),
        (2.5, SECOND, (5, timedelta(seconds=2))),
        (0.3, SECOND, (3, timedelta(seconds=10))),
        (1e-7, SECOND, (1, LONGEST_PERIOD)),  # QStash has no slower one
        (0.5, SECOND, (1, timedelta(seconds=2))),
        (1 / 3, SECOND, (1, timedelta(seconds=3))),
        (3, timedelta(seconds=0.25), (12, SECOND)),
        (60, timedelta(minutes=1), (60, timedelta(minutes=1))),
        (1, timedelta(seconds=1.5), (2, timedelta(seconds=3))),
    ],
)
def test_a_rate_is_told_in_whole_numbers(
    rate: float, period: timedelta, told: tuple[int, timedelta]
) -> None:
    assert whole_rate(FlowControl(rate=rate, period=period)) == told


@given(
    st.floats(0.01, 10_000),
    st.timedeltas(SECOND, LONGEST_PERIOD / 100),
)
def test_what_is_told_lets_no_more_begin_and_hardly_less(rate: float, period: timedelta) -> None:
    number, within = whole_rate(FlowControl(rate=rate, period=period))
    assert number is not None
    assert SECOND <= within <= LONGEST_PERIOD
    assert within % SECOND == timedelta(0)
    allowed = Fraction(rate) * Fraction(within / period)
    assert allowed * Fraction(97, 100) <= number <= allowed * Fraction(1_000_001, 1_000_000)
