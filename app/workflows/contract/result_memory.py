"""Sluice's own memory of which items have a result, in place of a family's ``existing``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.errors import ConfigurationError
from app.workflows.contract.context import Context

LONGEST = timedelta(days=36_500)


@dataclass(frozen=True, slots=True)
class Remembered:
    """``existing = Remembered(within=timedelta(days=30))``: an item has a result if a run of the
    family ended it as ``succeeded``, under the present ``version`` of the family, not longer ago
    than ``within`` (None: whenever), and with the same values of the params that ``by`` names.

    It is kept apart from runs, and written by the commit that counts the outcome.

    Raises:
        ConfigurationError: a value that makes no sense.
    """

    within: timedelta | None = None
    by: Sequence[str] = ()

    def __post_init__(self) -> None:
        within: object = self.within
        if within is not None and not (
            isinstance(within, timedelta) and timedelta(0) < within <= LONGEST
        ):
            raise ConfigurationError(
                f"Remembered needs a within above 0 and of at most {LONGEST.days:,} days, such as"
                f" timedelta(days=30), not {within!r}. Leave it out to remember for good.",
                field="within",
            )
        by: object = self.by
        names = tuple(by) if isinstance(by, (tuple, list)) else (None,)
        if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
            raise ConfigurationError(
                'Remembered takes the names of params as by=("locale",), each once, not'
                f" by={by!r}.",
                field="by",
            )
        object.__setattr__(self, "by", names)

    def __call__(self, ids: Sequence[Any], params: Any, ctx: Context) -> Collection[Any]:
        """So that type checkers let it stand for the method.

        Raises:
            TypeError: always; Sluice does not call it.
        """
        raise TypeError(
            "existing is Remembered(…): Sluice looks the items up by itself, and there is nothing"
            " to call. A dry run tells how many have a result."
        )
