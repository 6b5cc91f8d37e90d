"""Work that an event starts: what a family says under ``on``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from datetime import timedelta
from enum import Enum, auto
from typing import Any, Final

from app.config.event_names import NAME, NAME_FORM
from app.errors import ConfigurationError

LONGEST = timedelta(days=1)
MOST = 1_000
"""Items of a run that events start."""

Data = Mapping[str, Any]  # JSON as its sender wrote it
When = Mapping[str, object] | Callable[[Data], object]


class Absent(Enum):
    """Stands for a missing value, because null is a value that the data may have."""

    ABSENT = auto()


ABSENT: Final = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class Event:
    """``on = (Event("user/registered", item="user.id"),)``: each such event starts a run for the
    item that it names.

    ``item``: the path of the item's id in the event's data, names with dots between. ``params``:
    the family's params that are taken from the data: their names, or a mapping of a param to its
    path: ``{"plan": "user.plan"}``. A param that is missing there has the family's default.

    ``when``: takes only matching events. A mapping of paths to the value there, or to a list of
    allowed values: ``{"user.plan": ["paid", "trial"]}``; or a plain function of the data, which
    answers True or False. It is called in the event loop and must not do I/O.

    Events that wait at the same time for the same item with the same params become one execution,
    and items with the same params become one run, of at most ``size``. ``within``: the first waits
    so long for others, or until they are ``size``. ``debounce``: each item waits until no event has
    come for it for so long, and the last event's params hold; if ``within`` is set too, it waits no
    longer than that after the first event.

    Raises:
        ConfigurationError: a value that makes no sense.
    """

    name: str
    _: KW_ONLY
    item: str
    params: Sequence[str] | Mapping[str, str] = ()
    when: When | None = None
    within: timedelta | None = None
    size: int = 100
    debounce: timedelta | None = None

    def __post_init__(self) -> None:
        name: object = self.name  # whatever an author has written
        if not (isinstance(name, str) and NAME.fullmatch(name)):
            raise ConfigurationError(f"An event's name has {NAME_FORM}; {name!r} has not.")
        self._check_places()
        self._check_when()
        times: dict[str, object] = {"within": self.within, "debounce": self.debounce}
        for word, value in times.items():
            if value is None:
                continue
            if not (isinstance(value, timedelta) and timedelta(0) < value <= LONGEST):
                raise self._wrong(
                    f"{word} is a timedelta above 0 and of at most a day, such as"
                    f" timedelta(seconds=5), not {value!r}"
                )
        size: object = self.size
        if type(size) is not int or not 1 <= size <= MOST:
            raise self._wrong(f"size is a whole number from 1 to {MOST:,}, not {size!r}")

    @property
    def taken(self) -> Mapping[str, str]:
        """The path in the data of each param, by the family's own name of it."""
        if isinstance(self.params, Mapping):
            return self.params
        return {name: name for name in self.params}

    def fits(self, data: Data) -> bool:
        """Whether ``when`` matches the data. Raises whatever its function raises."""
        if self.when is None:
            return True
        if callable(self.when):
            return bool(self.when(data))
        return all(_is(value_at(data, place), wanted) for place, wanted in self.when.items())

    def _check_places(self) -> None:
        params: object = self.params
        if isinstance(params, str) or not isinstance(params, Sequence | Mapping):
            raise self._wrong('params is a list of names, such as ("plan",), or a mapping')
        places: list[object] = [self.item, *self.taken.values()]
        if isinstance(self.when, Mapping):
            places += self.when
        for place in places:
            if not (isinstance(place, str) and place and all(place.split("."))):
                raise self._wrong(
                    "a place in the data is names with dots between, such as user.id, not"
                    f" {place!r}"
                )

    def _check_when(self) -> None:
        when: object = self.when
        if when is None or callable(when) or (isinstance(when, Mapping) and when):
            return
        raise self._wrong('when is a mapping, such as {"user.plan": "paid"}, or a function')

    def _wrong(self, what: str) -> ConfigurationError:
        return ConfigurationError(f"Event({self.name!r}): {what}.")


def value_at(data: Any, place: str) -> Any:  # JSON
    """The value at this path, or ABSENT. A number in a path is a list's index, from 0."""
    for part in place.split("."):
        if isinstance(data, Mapping) and part in data:
            data = data[part]
        elif isinstance(data, list) and part.isdecimal() and int(part) < len(data):
            data = data[int(part)]
        else:
            return ABSENT
    return data


def _is(value: object, wanted: object) -> bool:
    if isinstance(wanted, list | tuple | set | frozenset) and not isinstance(value, list):
        return any(_same(value, one) for one in wanted)
    return _same(value, wanted)


def _same(value: object, wanted: object) -> bool:
    """JSON's true is not its 1."""
    return value == wanted and isinstance(value, bool) is isinstance(wanted, bool)
