"""Which families an event is for, and what it asks of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from pydantic import BaseModel

from app.errors import BadInput
from app.store.events.starts import StartKey
from app.workflows.contract.event import ABSENT, Data, Event, value_at
from app.workflows.keys import id_fault, values_key
from app.workflows.registry.bound_family import BoundFamily
from app.workflows.registry.family_call import told
from app.workflows.registry.schedule_spec import check_events
from app.workflows.serialization.params import KeptParams

AT_ONCE = timedelta(0)


@dataclass(frozen=True, slots=True)
class AskedItem:
    """What an event asks of a family."""

    item_id: str
    params: KeptParams


@dataclass(frozen=True, slots=True)
class Subscription:
    """A family's, to one event."""

    bound: BoundFamily
    event: Event

    @property
    def key(self) -> tuple[str, str]:
        return self.bound.name, self.event.name

    @property
    def wait(self) -> timedelta:
        """How long what an event asks for waits, counted from when the event came."""
        return self.event.debounce or self.event.within or AT_ONCE

    @property
    def longest(self) -> timedelta | None:
        """How long at most, if further events extend the wait."""
        return None if self.event.debounce is None else self.event.within

    def asked(self, data: Data) -> AskedItem | None:
        """What the event asks of the family; None: the family does not want this one.

        Raises:
            BadInput: the family cannot use it; names the place, within ``data``.
            FamilyFailed: its own code raised something else.
        """
        with told(self.bound.name, f"when, for {self.event.name},"):
            if not self.event.fits(data):
                return None
        return AskedItem(self._item(data), self._params(data))

    def start_key(self, asked: AskedItem) -> StartKey:
        """What waits once at a time: for the item with these params; or for the item, if it is to
        be left alone."""
        by = "" if self.event.debounce else values_key(asked.params.json)
        return StartKey(*self.key, by, asked.item_id)

    def _item(self, data: Data) -> str:
        place = self.event.item
        value = value_at(data, place)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        what = f"{place} of {self.event.name} is the id of {self.bound.name}'s item"
        if value is ABSENT:
            raise BadInput(f"{what}, and is not there.", field=place)
        if not isinstance(value, str):
            raise BadInput(f"{what}: text, or a whole number.", field=place)
        fault = id_fault(value)
        if fault is not None:
            raise BadInput(f"{what}, which {fault}.", field=place)
        try:
            self.bound.check_ids([value])
        except BadInput as refused:
            raise BadInput(f"{what}. {refused.detail}", field=place) from None
        return value

    def _params(self, data: Data) -> KeptParams:
        kind = self.bound.family.params
        places = self.event.taken
        found = {name: value_at(data, place) for name, place in places.items()}
        named = {_alias(kind, name): value for name, value in found.items() if value is not ABSENT}
        try:
            with told(self.bound.name, "params"):
                return self.bound.params.named(named)
        except BadInput as refused:
            raise BadInput(
                f"{self.bound.name} does not take the params of {self.event.name}:"
                f" {refused.detail}",
                field=_place(refused, {_alias(kind, name): at for name, at in places.items()}),
            ) from None


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """``by_event``: by the event's name."""

    by_event: Mapping[str, Sequence[Subscription]]

    @classmethod
    def of(cls, families: Mapping[str, BoundFamily]) -> Self:
        """
        Raises:
            ConfigurationError: what a family says under ``on`` cannot be used.
        """
        found: dict[str, list[Subscription]] = {}
        for bound in families.values():
            check_events(bound.family)
            for event in bound.family.on:
                found.setdefault(event.name, []).append(Subscription(bound, event))
        return cls(found)

    def to(self, name: str) -> Sequence[Subscription]:
        return self.by_event.get(name, ())

    def by_key(self) -> dict[tuple[str, str], Subscription]:
        return {one.key: one for several in self.by_event.values() for one in several}


def _alias(kind: type[BaseModel], name: str) -> str:
    return kind.model_fields[name].alias or name


def _place(refused: BadInput, places: Mapping[str, str]) -> str | None:
    """Where in the data stands what was refused: of params, the first that has a fault."""
    faults: Any = refused.more.get("errors") or [{"field": refused.field or ""}]
    name = str(faults[0]["field"]).removeprefix("params.").split(".")[0]
    return places.get(name)
