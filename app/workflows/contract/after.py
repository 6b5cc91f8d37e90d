"""One family after another: a run that begins because another family's has succeeded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class After:
    """``after = After("import-orders", params=("day",))``.

    ``params``: the params that the new run takes from the ended one: their names, or, where the two
    families name them differently, a mapping of its own name to theirs:
    ``{"day": "imported_day"}``.
    """

    family: str
    params: Sequence[str] | Mapping[str, str] = ()

    @property
    def taken(self) -> Mapping[str, str]:
        """The name of the ended run's param by that of the new run's."""
        if isinstance(self.params, Mapping):
            return self.params
        return {name: name for name in self.params}


def in_full(said: str | After | tuple[str | After, ...]) -> list[After]:
    """The value of ``JobFamily.after`` as a list, whichever form it has."""
    every = said if isinstance(said, tuple) else (said,)
    return [After(one) if isinstance(one, str) else one for one in every]
