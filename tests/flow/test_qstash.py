"""Operators' overrides at QStash, over HTTP: what it is told, and what it says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from qstash import AsyncQStash

from app.composition.delivery_targets import whole_rate
from app.engine.qstash.faults import QStashFault
from app.engine.qstash.flow_control import QStashFlowControl
from app.engine.qstash.target import DeliveryTarget, TargetOf
from app.errors import Unavailable
from app.flow.limits import OPEN, FlowControl
from app.flow.overrides import EffectiveLimits, Override, Standing
from app.flow.usage import HeldLimits, Observed
from app.qstash_dev.delivery.faults import Faults
from app.qstash_dev.options import QStashOptions
from app.qstash_dev.server import LocalQStash, local_qstash
from app.qstash_dev.state.flow_key import FlowKey
from app.workflows.monitoring.qstash_flow import QStashFlow
from tests.qstash_dev.calls import official_client
from tests.qstash_dev.destination import a_destination
from tests.support.logged import warnings_logged

KEY = "users.execute"
DECLARED = {
    KEY: FlowControl(parallelism=3, rate=100, period=timedelta(minutes=1)),
    "users.process": OPEN,
    "letters.execute": FlowControl(parallelism=2, key="llm-account"),
}


def target_of(controls: EffectiveLimits) -> TargetOf:
    """As a service tells QStash."""

    def of(key: str) -> DeliveryTarget:
        live = controls.of(key)
        rate, period = whole_rate(live.control)
        return DeliveryTarget(f"/{key}", live.key, live.control.parallelism, rate, period)

    return of


@dataclass
class Operated:
    """The rows, as a mapping; and a QStash."""

    qstash: LocalQStash
    client: AsyncQStash
    faults: Faults
    rows: dict[str, Override] = field(default_factory=dict)
    controls: EffectiveLimits = field(init=False)
    flow: QStashFlow = field(init=False)

    def __post_init__(self) -> None:
        self.controls = EffectiveLimits(DECLARED, self.load)
        self.flow = QStashFlow(
            QStashFlowControl(self.client), self.controls, target_of(self.controls)
        )

    async def load(self) -> Standing:
        return Standing(dict(self.rows))

    async def sets(self, key: str, control: FlowControl | None, *, paused: bool = False) -> None:
        self.rows[key] = Override(control, paused)
        await self.flow.tell_changed(key)

    async def drops(self, key: str) -> None:
        self.rows.pop(key, None)
        await self.flow.tell_changed(key)

    def key(self, name: str = KEY) -> FlowKey:
        return self.qstash.parts.flow_keys.find(name)

    def held(self, name: str = KEY) -> tuple[int | None, tuple[int, int] | None, bool, bool]:
        """Parallelism, rate, whether it is pinned, and paused."""
        key = self.key(name)
        rate = key.limits.rate
        pinned = key.pinned_parallelism and key.pinned_rate
        found = None if rate is None else (rate.number, rate.period)
        return key.limits.parallelism, found, pinned, key.paused


@pytest.fixture
async def operated() -> AsyncIterator[Operated]:
    faults = Faults()
    async with (
        local_qstash(QStashOptions(), faults) as qstash,
        official_client(qstash) as client,
    ):
        yield Operated(qstash, client, faults)


async def test_a_pin_goes_on_to_qstash_and_both_of_its_sides_hold(operated: Operated) -> None:
    await operated.sets(KEY, FlowControl(parallelism=5, rate=0.5, period=timedelta(seconds=3)))
    assert operated.held() == (5, (1, 6), True, False)
    await operated.sets(KEY, FlowControl(parallelism=7))
    assert operated.held() == (7, (1_000_000, 1), True, False)
    observed = await operated.flow.observe(KEY, OPEN)
    assert observed == Observed(
        0, 0, 0, HeldLimits(FlowControl(parallelism=7), pinned=True, paused=False)
    )
    await operated.drops(KEY)
    # At once: no new message has to come first.
    assert operated.held() == (3, (100, 60), False, False)


async def test_a_key_that_nothing_limits_and_one_that_is_shared_are_paused_and_resumed(
    operated: Operated,
) -> None:
    for key in ("users.process", "llm-account"):
        await operated.sets(key, None, paused=True)
        assert operated.held(key)[2:] == (False, True)
        await operated.sets(key, FlowControl(parallelism=9), paused=True)
        assert operated.held(key) == (9, (1_000_000, 1), True, True)
        await operated.drops(key)
        assert operated.held(key)[2:] == (False, False)


async def test_what_is_as_it_should_be_is_left_alone(operated: Operated) -> None:
    """A pin that is made again would reset the rate's count."""
    pin = FlowControl(rate=10, period=timedelta(hours=1))
    await operated.sets(KEY, pin)
    key = operated.key()
    key.reset_rate()
    key.rate_count = 4
    await operated.sets(KEY, pin)
    assert await operated.flow.reconcile() == 0
    assert key.rate_used() == 4


async def test_its_own_numbers_are_shown_for_all_keys_by_one_call(operated: Operated) -> None:
    async with a_destination() as destination:
        destination.opens["/x"] = asyncio.Event()
        for n in range(5):
            await operated.client.message.publish_json(
                url=f"{destination.url}/x",
                body=n,
                flow_control={"key": KEY, "parallelism": 2, "rate": 50, "period": "1h"},
            )
        await destination.came(2)
        found = await operated.flow.observe_all(dict.fromkeys(operated.controls.keys, OPEN))
        assert found is not None
        control = FlowControl(parallelism=2, rate=50, period=timedelta(hours=1))
        assert found[KEY] == Observed(
            active=2, waiting=3, started=2, held=HeldLimits(control, pinned=False, paused=False)
        )
        assert found["users.process"].held == HeldLimits(OPEN, pinned=False, paused=False)
        destination.opens["/x"].set()
        await operated.qstash.settled()


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (429, "takes no more calls just now"),
        (500, "has a fault of its own just now (500)"),
        (503, "has a fault of its own just now (503)"),
        (401, "refuses the token (401)"),
    ],
)
async def test_what_qstash_did_not_take_is_said_and_told_again_by_the_tick(
    operated: Operated, status: int, sentence: str
) -> None:
    operated.faults.away = status
    with pytest.raises(Unavailable) as refused:
        await operated.sets(KEY, FlowControl(parallelism=5), paused=True)
    assert sentence in refused.value.detail
    assert f"The override of {KEY} is as you set it here" in refused.value.detail
    assert operated.qstash.token not in refused.value.detail
    assert await operated.flow.observe(KEY, OPEN) is None
    with pytest.raises(QStashFault):
        await operated.flow.reconcile()
    operated.faults.away = None
    assert await operated.flow.reconcile() == 1
    assert operated.held() == (5, (1_000_000, 1), True, True)
    assert await operated.flow.reconcile() == 0


async def test_what_somebody_set_at_qstash_itself_is_taken_back(operated: Operated) -> None:
    await operated.client.flow_control.pin(KEY, {"parallelism": 99})
    await operated.client.flow_control.pause("llm-account")
    await operated.client.flow_control.pause("of-another-service.execute")
    assert await operated.flow.reconcile() == 2
    assert operated.held()[2:] == (False, False)
    assert not operated.key("llm-account").paused
    assert operated.key("of-another-service.execute").paused


async def test_of_two_changes_at_once_the_later_one_holds_whichever_comes_first(
    operated: Operated,
) -> None:
    """A second change is made while QStash is being told of the first."""
    first, second = FlowControl(parallelism=5), FlowControl(parallelism=9)
    operated.rows[KEY] = Override(first, paused=False)
    loads = 0

    async def load() -> Standing:
        nonlocal loads
        loads += 1
        found = Standing(dict(operated.rows))
        if loads == 1:  # behind the look of the first
            operated.rows[KEY] = Override(second, paused=False)
            async with official_client(operated.qstash) as other:
                controls = EffectiveLimits(DECLARED, operated.load)
                quick = QStashFlow(QStashFlowControl(other), controls, target_of(controls))
                await quick.tell_changed(KEY)
        return found

    controls = EffectiveLimits(DECLARED, load)
    slow = QStashFlow(QStashFlowControl(operated.client), controls, target_of(controls))
    await slow.tell_changed(KEY)
    assert operated.held()[0] == 9


async def test_a_server_that_is_no_qstash_and_one_that_is_not_there_are_told_apart(
    operated: Operated,
) -> None:
    async with (
        a_destination() as destination,
        official_client(operated.qstash, destination.url) as other,
        official_client(operated.qstash, "http://127.0.0.1:1") as gone,
    ):
        with pytest.raises(QStashFault, match="no QStash"):
            await QStashFlowControl(other).keys()
        with pytest.raises(QStashFault, match="does not answer"):
            await QStashFlowControl(gone).keys()


async def test_qstash_being_away_is_logged_without_the_token(operated: Operated) -> None:
    operated.faults.away = 401
    with warnings_logged() as logs:
        assert await operated.flow.observe_all({KEY: OPEN}) is None
        operated.faults.away = None
        assert await operated.flow.observe_all({KEY: OPEN}) is not None
    assert [(one["event"], one["state"]) for one in logs] == [
        ("qstash_unreachable", "began"),
        ("qstash_unreachable", "ended"),
    ]
    assert operated.qstash.token not in str(logs)
