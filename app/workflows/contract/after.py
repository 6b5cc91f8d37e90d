"""One family after another: a run that begins because another family's has succeeded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class After:
    """``after = After("import-orders", params=("day",))``.

    ``params``: which of the ended run's params the new one takes; under other names, a mapping of
    its own to theirs: ``{"day": "imported_day"}``.
    """

    family: str
    params: Sequence[str] | Mapping[str, str] = ()

    @property
    def taken(self) -> Mapping[str, str]:
        """The ended run's params by the new one's, as both families name their fields."""
        if isinstance(self.params, Mapping):
            return self.params
        return {name: name for name in self.params}


def in_full(said: str | After | tuple[str | After, ...]) -> list[After]:
    """What a family says of whom it comes after, in whichever form."""
    every = said if isinstance(said, tuple) else (said,)
    return [After(one) if isinstance(one, str) else one for one in every]
