"""Events are taken once each, all of a call or none, and ask for what families say."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest
from pydantic import SecretStr

from app.errors import BadInput, ConfigurationError
from app.workflows.contract.exceptions import FamilyFailed
from app.workflows.events.inbox import SentEvent, UnusableEvent
from app.workflows.events.subscriptions import Subscriptions
from app.workflows.family import Event, FamilyParams
from app.workflows.registry.bound_family import bind
from app.workflows.registry.threads import Threads
from tests.support.families import Recording
from tests.support.service import Opener, Sluice
from tests.workflows.events.heard import (
    Alone,
    Hearing,
    Patient,
    Planned,
    changed,
    registered,
    sent,
    starts,
)


async def _events(sluice: Sluice) -> list[tuple[str, str]]:
    rows = await sluice.sql("SELECT name, event_id FROM sluice.event ORDER BY seq")
    return [(row[0], row[1]) for row in rows]


async def test_an_event_asks_each_family_that_names_it_for_its_item(opener: Opener) -> None:
    async with opener(Hearing(), Alone(), Planned()) as sluice:
        taken = await sent(sluice, registered("u1", id="e1"))
        [receipt] = taken.receipts
        found = await starts(sluice)
    assert receipt.asks == [("hearing", "u1"), ("alone", "u1")]
    assert (receipt.duplicate, receipt.unmatched) == (False, False)
    assert [(one["family"], one["item_id"], one["events"]) for one in found] == [
        ("alone", "u1", 1),
        ("hearing", "u1", 1),
    ]


async def test_a_whole_number_is_an_id_and_a_list_has_places(opener: Opener) -> None:
    class Listed(Hearing):
        on = (Event("order/paid", item="orders.1.id"),)

    async with opener(Listed()) as sluice:
        data = {"orders": [{"id": 1}, {"id": 77}]}
        taken = await sent(sluice, SentEvent("order/paid", data))
    assert taken.receipts[0].asks == [("hearing", "77")]


async def test_the_same_id_is_taken_once_however_it_comes(opener: Opener) -> None:
    async with opener(Hearing(), pool_size=10) as sluice:
        first = await sent(sluice, registered("u1", id="e1"), registered("u2", id="e1"))
        assert [one.duplicate for one in first.receipts] == [False, True]
        again = await sent(sluice, registered("u3", id="e1"))
        assert again.receipts[0].duplicate
        elsewhere = await sent(sluice, SentEvent("user/left", {}, "e1"))
        assert not elsewhere.receipts[0].duplicate
        # Many at once, each with the same two in another order.
        pairs = [[registered("a", id="x"), registered("b", id="y")] for _ in range(12)]
        raced = await asyncio.gather(
            *(sent(sluice, *pair[:: 1 if n % 2 else -1]) for n, pair in enumerate(pairs))
        )
        fresh = [one.id for taken in raced for one in taken.receipts if not one.duplicate]
        found = await starts(sluice)
    assert sorted(fresh) == ["x", "y"]
    assert [(one["item_id"], one["events"]) for one in found] == [("a", 1), ("b", 1), ("u1", 1)]


async def test_events_without_an_id_are_each_another_one(opener: Opener) -> None:
    async with opener(Hearing()) as sluice:
        taken = await sent(sluice, registered("u1"), registered("u1"))
        ids = [one.id for one in taken.receipts]
        [start] = await starts(sluice)
    assert len(set(ids)) == 2
    assert all(re.fullmatch(r"evt_[0-9A-Z]{26}", one) for one in ids)
    assert start["events"] == 2


async def test_one_that_no_family_knows_is_kept_as_unmatched(opener: Opener) -> None:
    async with opener(Hearing()) as sluice:
        [receipt] = (await sent(sluice, SentEvent("user/left", {}))).receipts
        [[unmatched]] = await sluice.sql("SELECT unmatched FROM sluice.event")
        assert await starts(sluice) == []
    assert receipt.unmatched
    assert unmatched
    assert receipt.asks == []


async def test_params_come_from_the_places_that_the_family_names(opener: Opener) -> None:
    async with opener(Planned()) as sluice:
        await sent(sluice, changed("u1", "gold", seats=4), changed("u2", "gold"))
        found = await starts(sluice)
    assert [one["params"] for one in found] == [{"plan": "gold", "seats": 4}, {"plan": "gold"}]


@pytest.mark.parametrize(("kind", "wanted"), [("person", 1), ("team", 1), ("bot", 0)])
async def test_when_says_of_what_stands_in_the_data(opener: Opener, kind: str, wanted: int) -> None:
    async with opener(Planned()) as sluice:
        [receipt] = (await sent(sluice, changed("u1", "gold", kind=kind))).receipts
    assert len(receipt.asks) == wanted
    assert not receipt.unmatched


async def test_when_may_be_a_function_and_what_it_raises_takes_nothing(opener: Opener) -> None:
    class Choosy(Hearing):
        on = (Event("order/paid", item="id", when=lambda data: data["total"] > 100),)

    async with opener(Choosy()) as sluice:
        cheap, dear = (
            await sent(
                sluice,
                SentEvent("order/paid", {"id": "a", "total": 5}),
                SentEvent("order/paid", {"id": "b", "total": 500}),
            )
        ).receipts
        assert (cheap.asks, dear.asks) == ([], [("hearing", "b")])
        with pytest.raises(FamilyFailed, match=r"KeyError"):
            await sent(sluice, SentEvent("order/paid", {"id": "c"}, "lost"))
        assert ("order/paid", "lost") not in await _events(sluice)


@pytest.mark.parametrize(
    ("event", "field", "says"),
    [
        (SentEvent("user/registered", {}), "user.id", "is not there"),
        (SentEvent("user/registered", {"user": {"id": None}}), "user.id", "a whole number"),
        (SentEvent("user/registered", {"user": {"id": True}}), "user.id", "a whole number"),
        (SentEvent("user/registered", {"user": {"id": ""}}), "user.id", "has 1 to 200"),
        (SentEvent("user/registered", {"user": {"id": "x" * 201}}), "user.id", "has 1 to 200"),
        (changed("u1", "gold", seats="many"), "seats", "does not take the params"),
    ],
)
async def test_what_a_family_cannot_use_is_refused_with_its_place_and_nothing_is_taken(
    opener: Opener, event: SentEvent, field: str, says: str
) -> None:
    async with opener(Hearing(), Planned()) as sluice:
        with pytest.raises(UnusableEvent, match=says) as refused:
            await sent(sluice, registered("fine"), event)
        assert await _events(sluice) == []
        assert await starts(sluice) == []
    assert (refused.value.number, refused.value.field) == (1, field)


async def test_ids_of_a_type_are_held_to_it(opener: Opener) -> None:
    class Numbered(Hearing):
        pass

    async with opener(Numbered()) as sluice:
        bound = sluice.bound()
        subscription = Subscriptions.of({bound.name: bound}).to("user/registered")[0]
        assert subscription.asked({"user": {"id": 7}}) is not None


async def test_of_a_burst_the_latest_by_its_senders_clock_counts_in_whatever_order_it_comes(
    opener: Opener,
) -> None:
    async with opener(Patient()) as sluice:
        [[now]] = await sluice.sql("SELECT now()")
        ago = [now - timedelta(seconds=seconds) for seconds in (3, 1, 2)]
        for plan, at in zip(("first", "last", "middle"), ago, strict=True):
            await sent(sluice, changed("u1", plan, at=at))
        [start] = await starts(sluice)
        together = [
            changed("u2", plan, at=at)
            for plan, at in zip(("first", "last", "middle"), ago, strict=True)
        ]
        await sent(sluice, *together)
        _, other = await starts(sluice)
    assert (start["params"], start["events"]) == ({"plan": "last"}, 3)
    assert (other["params"], other["events"]) == ({"plan": "last"}, 3)


class Needy(FamilyParams):
    day: str


class Hiding(FamilyParams):
    key: SecretStr = SecretStr("")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"on": Event("a", item="b")}, "on is a tuple of Event"),
        ({"on": ["user/registered"]}, "on is a tuple of Event"),
        ({"on": [Event("a", item="b"), Event("a", item="c")]}, "names the event 'a' twice"),
        ({"on": [Event("a", item="b", params=("day",))]}, "it has no param 'day'"),
        ({"on": [Event("a", item="b")], "params": Needy}, "without its param 'day'"),
        ({"on": [Event("a", item="b", params=("key",))], "params": Hiding}, "is a secret"),
    ],
)
def test_what_a_family_says_under_on_is_checked_when_a_service_opens(
    changes: dict[str, object], says: str
) -> None:
    family = type("Wrong", (Recording,), changes)()
    threads = Threads(1)
    try:
        with pytest.raises(ConfigurationError, match=says):
            Subscriptions.of({"recording": bind(family, threads)})
    finally:
        threads.close()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"name": "user registered"}, "An event's name has"),
        ({"name": ""}, "An event's name has"),
        ({"name": "x" * 201}, "An event's name has"),
        ({"item": ""}, "a place in the data"),
        ({"item": "user..id"}, "a place in the data"),
        ({"params": "plan"}, "params is a list"),
        ({"params": {"plan": "a."}}, "a place in the data"),
        ({"when": {}}, "when is a mapping"),
        ({"when": "paid"}, "when is a mapping"),
        ({"within": 5}, "within is a timedelta"),
        ({"within": timedelta(0)}, "within is a timedelta"),
        ({"debounce": timedelta(days=2)}, "debounce is a timedelta"),
        ({"size": 0}, "size is a whole number"),
        ({"size": 1_001}, "size is a whole number"),
        ({"size": True}, "size is a whole number"),
    ],
)
def test_an_event_that_makes_no_sense_is_refused(values: dict[str, object], says: str) -> None:
    given: dict[str, object] = {"name": "user/registered", "item": "user.id", **values}
    with pytest.raises(ConfigurationError, match=says):
        Event(given.pop("name"), **given)  # type: ignore[arg-type]  # what is wrong is the point


@pytest.mark.parametrize(
    ("when", "data", "fits"),
    [
        ({"a": 1}, {"a": 1}, True),
        ({"a": 1}, {"a": True}, False),
        ({"a": True}, {"a": 1}, False),
        ({"a": None}, {"a": None}, True),
        ({"a": None}, {}, False),
        ({"a.b": "x", "c": ["y", "z"]}, {"a": {"b": "x"}, "c": "z"}, True),
        ({"a.b": "x", "c": ["y", "z"]}, {"a": {"b": "x"}, "c": "x"}, False),
        ({"a": ["y"]}, {"a": ["y"]}, True),
        ({"a.b": "x"}, {"a": "x"}, False),
    ],
)
def test_a_mapping_compares_as_json_does(
    when: dict[str, object], data: dict[str, object], fits: bool
) -> None:
    assert Event("e", item="id", when=when).fits(data) is fits


async def test_too_large_params_are_refused(opener: Opener) -> None:
    async with opener(Planned()) as sluice:
        with pytest.raises(BadInput):
            await sent(sluice, changed("u1", "x" * 40_000))
