"""``Remembered``: Sluice itself keeps which items have a result, in place of ``existing``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.errors import ConfigurationError
from app.workflows.contract.context import Context

LONGEST = timedelta(days=36_500)


@dataclass(frozen=True, slots=True)
class RememberedResults:
    """The value of ``Remembered(…)``."""

    within: timedelta | None
    by: tuple[str, ...]

    def __call__(self, ids: Sequence[Any], params: Any, ctx: Context) -> Collection[Any]:
        """
        Raises:
            TypeError: always; Sluice looks items up by itself.
        """
        raise TypeError(
            "existing is Remembered(…): Sluice looks the items up by itself, and there is nothing"
            " to call. A dry run tells how many have a result."
        )


# It returns Any because a type checker would compare its type with that of the method.
def Remembered(within: timedelta | None = None, by: Sequence[str] = ()) -> Any:  # noqa: N802 - it is read as a class's
    """``existing = Remembered(within=timedelta(days=30))``: an item has a result if a run of the
    family ended it as ``succeeded``, under the family's present ``version``, no longer ago than
    ``within`` (None: at any time), and with the same values of the params that ``by`` names.

    The commit that counts the outcome writes it, and deleting runs does not delete it.

    Raises:
        ConfigurationError: a value that makes no sense.
    """
    lasts: object = within
    if lasts is not None and not (isinstance(lasts, timedelta) and timedelta(0) < lasts <= LONGEST):
        raise ConfigurationError(
            f"Remembered needs a within above 0 and of at most {LONGEST.days:,} days, such as"
            f" timedelta(days=30), not {within!r}. Leave it out to remember for good.",
            field="within",
        )
    names: tuple[object, ...] = tuple(by) if isinstance(by, (tuple, list)) else (None,)
    if not all(isinstance(name, str) for name in names) or len(set(names)) < len(names):
        raise ConfigurationError(
            f'Remembered takes the names of params as by=("locale",), each once, not by={by!r}.',
            field="by",
        )
    return RememberedResults(within, tuple(by))
